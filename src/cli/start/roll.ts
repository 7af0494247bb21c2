/** Owns `skein roll`: which build was asked for, told to the supervisor. It must never load that build. */
import path from "node:path";
import { systemClock } from "../../core/index.ts";
import { askRoll } from "../../supervisor/asking.ts";
import type { Given } from "../command.ts";
import { findSystemFile, shorten } from "../find-system.ts";
import { usage } from "../parse.ts";
import { escapeControl } from "../terminal.ts";
import { untilOver } from "./goes-on.ts";
import { stateOf } from "./home.ts";

export async function runRoll({ arguments: [directory, file], options }: Given): Promise<number> {
  if (directory === undefined) throw usage("nothing to roll to", "give the directory of the new build");
  const state = stateOf(findSystemFile(file), process.env);
  const isJson = options["json"] === true;
  const isDry = options["dry-run"] === true;
  const steps: string[] = [];
  const step = (text: string): void => {
    steps.push(text);
    if (!isJson) process.stdout.write(`${escapeControl(text)}\n`);
  };
  const wish = { path: path.resolve(directory), isDry, isBreaking: options["breaking"] === true };
  const over = isDry ? undefined : untilOver("roll");
  const { build, epoch } = await askRoll(state, systemClock, wish, step).finally(over);
  if (isJson) process.stdout.write(`${JSON.stringify({ build, epoch, steps, dryRun: isDry })}\n`);
  else if (!isDry) process.stdout.write(`rolled to ${escapeControl(shorten(build))}\n`);
  return 0;
}
