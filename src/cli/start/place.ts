/** Owns `skein place`: what was asked for, told to the supervisor. It must never decide whether a placement is allowed. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { groupNameRule, isGroupName } from "../../system/placement/read.ts";
import { askPlace, type Wish } from "../../supervisor/asking.ts";
import type { Given } from "../command.ts";
import { findSystemFile, shorten } from "../find-system.ts";
import { usage } from "../parse.ts";
import { escapeControl } from "../terminal.ts";
import { untilOver } from "./goes-on.ts";
import { stateOf } from "./home.ts";

const bytesMax = 1_048_576;

export async function runPlace(given: Given): Promise<number> {
  const pairs = given.arguments.filter((argument) => argument.includes("="));
  const files = given.arguments.filter((argument) => !argument.includes("="));
  if (files.length > 1) throw usage(`there is no service in "${files[1]}"`, "write <service>=<group>");
  const state = stateOf(findSystemFile(files[0]), process.env);
  const isJson = given.options["json"] === true;
  const isDry = given.options["dry-run"] === true;
  const steps: string[] = [];
  const step = (text: string): void => {
    steps.push(text);
    if (!isJson) process.stdout.write(`${escapeControl(text)}\n`);
  };
  const wish = wishOf(pairs, given.options["file"]);
  const over = isDry ? undefined : untilOver("move");
  const { moved, epoch } = await askPlace(state, systemClock, wish, isDry, step).finally(over);
  if (isJson) process.stdout.write(`${JSON.stringify({ moved, epoch, steps, dryRun: isDry })}\n`);
  // A single step, such as that there is nothing to do, says everything itself.
  else if (!isDry && steps.length > 1)
    process.stdout.write(moved.length === 0 ? "placed\n" : `placed: ${moved.join(", ")}\n`);
  return 0;
}

function wishOf(pairs: readonly string[], file: string | true | undefined): Wish {
  if (typeof file === "string") {
    if (pairs.length > 0) throw usage("a file and single services at once", "give one of the two");
    return { placement: read(path.resolve(file)) };
  }
  if (pairs.length === 0) throw usage("nothing to place", "give <service>=<group>, or --file");
  const services: Record<string, string> = {};
  for (const pair of pairs) {
    const [service = "", group = "", ...more] = pair.split("=");
    if (service === "" || group === "" || more.length > 0)
      throw usage(`"${pair}" is no placement`, "write <service>=<group>");
    if (!isGroupName(group)) throw usage(`"${group}" is no name of a group`, `give one of ${groupNameRule}`);
    if (Object.hasOwn(services, service)) throw usage(`"${service}" is placed twice`, "name each service once");
    services[service] = group;
  }
  return { services };
}

function read(file: string): unknown {
  try {
    const text = readFileSync(file, "utf8");
    if (text.length > bytesMax) throw new Error(`it has more than ${bytesMax} characters`);
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw skeinError("SKEIN_PLACEMENT_INVALID", `${shorten(file)} cannot be read: ${reason}`, { cause: error });
  }
}
