/** Owns `skein stop`: the supervisor told to end everything. It must never end a process itself. */
import { systemClock } from "../../core/index.ts";
import { askStop } from "../../supervisor/asking.ts";
import type { Given } from "../command.ts";
import { findSystemFile } from "../find-system.ts";
import { stateOf } from "./home.ts";

const stopMs = 60_000;

export async function runStop(given: Given): Promise<number> {
  await askStop(stateOf(findSystemFile(given.arguments[0]), process.env), systemClock, stopMs);
  process.stdout.write(given.options["json"] === true ? `${JSON.stringify({ stopped: true })}\n` : "stopped\n");
  return 0;
}
