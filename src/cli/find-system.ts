/** Owns finding the file that holds a system. It must never import it, nor anything that only a loaded system needs. */
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { nearest } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";

/** The absolute path of the system file a command line names. Throws `SKEIN_SYSTEM_LOAD` when there is none. */
export function findSystemFile(given: string | undefined, directory: string = process.cwd()): string {
  const file = path.resolve(directory, given ?? "system.ts");
  if (existsSync(file) && statSync(file).isFile()) return file;
  const shown = shorten(file, directory);
  if (existsSync(file) && statSync(file).isDirectory()) {
    const [inside] = systemFilesBelow(file, 1);
    const hint =
      inside === undefined ? "name the file in it: skein <command> path/to/system.ts" : `did you mean ${inside}?`;
    throw loadError(`${shown} is a folder, not a file`, hint);
  }
  const other = nearestFile(file, directory);
  const hint = other === undefined ? "name the file: skein <command> path/to/system.ts" : `did you mean ${other}?`;
  throw loadError(`there is no file ${shown}`, hint);
}

/** The path as a person in this directory would type it. */
export function shorten(file: string, directory: string = process.cwd()): string {
  const relative = path.relative(directory, file);
  return relative === "" || relative.startsWith("..") ? file : relative;
}

export function loadError(message: string, fix: string, cause?: unknown) {
  return Object.assign(skeinError("SKEIN_SYSTEM_LOAD", message, { cause }), { fix });
}

/** A file that was probably meant: one of a like name beside it, or a system file a little below. */
function nearestFile(file: string, directory: string): string | undefined {
  const sources = list(path.dirname(file)).filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name));
  const like = nearest(
    path.basename(file),
    sources.map((entry) => entry.name),
  );
  if (like !== undefined) return shorten(path.join(path.dirname(file), like), directory);
  return systemFilesBelow(directory, 3)[0];
}

function systemFilesBelow(directory: string, depth: number): string[] {
  const found: string[] = [];
  for (const entry of list(directory)) {
    if (entry.name === "node_modules" || entry.name.startsWith(".")) continue;
    const inside = path.join(directory, entry.name);
    if (entry.isFile() && /^(?:.+\.)?system\.[cm]?[jt]s$/.test(entry.name)) found.push(shorten(inside));
    else if (entry.isDirectory() && depth > 0 && found.length === 0) found.push(...systemFilesBelow(inside, depth - 1));
  }
  return found;
}

function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true }).slice(0, 1000);
  } catch {
    return [];
  }
}
