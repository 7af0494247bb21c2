/** Owns the command `skein openapi`. It must never load the code of a service. */
import path from "node:path";
import { renderOpenApi } from "../gateway/index.ts";
import type { Given } from "./command.ts";
import { findSystemFile, shorten } from "./find-system.ts";
import { loadSystem } from "./load-system.ts";
import { writeWhole } from "./write-whole.ts";

export async function runOpenApi(given: Given): Promise<number> {
  const source = given.options["import"];
  if (typeof source === "string") return (await import("./import/run.ts")).runImport(source, given);
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
