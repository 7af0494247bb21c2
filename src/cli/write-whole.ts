/** Owns writing a file of a command's making. It must never leave half of one. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { skeinError } from "../errors/index.ts";
import { shorten } from "./find-system.ts";

/** Beside the file, then renamed: a reader sees the old document or the new one. */
export function writeWhole(file: string, text: string): void {
  const aside = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(aside, text);
    renameSync(aside, file);
  } catch (error) {
    rmSync(aside, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw Object.assign(skeinError("SKEIN_CLI_FAILED", `cannot write ${shorten(file)}: ${reason}`, { cause: error }), {
      fix: "name a file in a directory that exists and may be written to",
    });
  }
}
