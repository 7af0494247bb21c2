/** Owns the command `skein openapi`. It must never load the code of a service, or leave half a file. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { skeinError } from "../errors/index.ts";
import { renderOpenApi } from "../gateway/index.ts";
import type { Given } from "./command.ts";
import { findSystemFile, loadSystem, shorten } from "./load-system.ts";

export async function runOpenApi(given: Given): Promise<number> {
  const system = await loadSystem(findSystemFile(given.arguments[0]));
  const { out, json, server } = given.options;
  const info = typeof server === "string" ? { server } : {};
  const text = `${JSON.stringify(await renderOpenApi(system, info), undefined, 2)}\n`;
  if (typeof out !== "string") {
    process.stdout.write(text);
    return 0;
  }
  const file = path.resolve(out);
  writeWhole(file, text);
  process.stdout.write(json === true ? `${JSON.stringify({ written: file })}\n` : `wrote ${shorten(file)}\n`);
  return 0;
}

/** Beside the file, then renamed: a reader sees the old document or the new one. */
function writeWhole(file: string, text: string): void {
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
