/** Owns the command `skein client`. It must never load the code of a service, and with `--check` never write. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { skeinError } from "../errors/index.ts";
import { renderClient, type UntypedPart } from "../gateway/index.ts";
import type { Given } from "./command.ts";
import { findSystemFile, shorten } from "./find-system.ts";
import { loadSystem } from "./load-system.ts";
import { usage } from "./parse.ts";
import { escapeControl } from "./terminal.ts";
import { writeWhole } from "./write-whole.ts";

export async function runClient(given: Given): Promise<number> {
  const { out, json, check } = given.options;
  if (check === true && typeof out !== "string")
    throw usage("--check compares with a file, and none is named", "write --out <file> too");
  const { text, methods, untyped, leftOut } = await renderClient(await loadSystem(findSystemFile(given.arguments[0])));
  for (const part of untyped) if (json !== true) process.stderr.write(warning(part));
  for (const id of leftOut) if (json !== true) process.stderr.write(`skein: ${id} is left out of the client\n`);
  if (typeof out !== "string") {
    process.stdout.write(json === true ? `${JSON.stringify({ text, methods, untyped, leftOut })}\n` : text);
    return 0;
  }
  const file = path.resolve(out);
  if (check === true && read(file) !== text) throw skeinError("SKEIN_CLIENT_STALE", `${shorten(file)} is out of date`);
  if (check !== true) writeWhole(file, text);
  const done = check === true ? { checked: file } : { written: file };
  const line = check === true ? `${shorten(file)} is up to date` : `wrote ${shorten(file)}`;
  process.stdout.write(json === true ? `${JSON.stringify({ ...done, methods, untyped, leftOut })}\n` : `${line}\n`);
  return 0;
}

function warning({ method, part, path: where, why }: UntypedPart): string {
  return escapeControl(`skein: ${method}: ${part} ${where} is unknown in the client: ${why}`) + "\n";
}

/** A file that is not there, or cannot be read, is not up to date. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
