/**
 * Owns finding and importing the file that holds a system. It must never load the code of a service, and never leave a
 * person without the file and line of what failed.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import module from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { skeinError } from "../errors/index.ts";
import { isSystem, type System } from "../system/index.ts";
import { explainFailure } from "./failure.ts";
import { nearest } from "../core/index.ts";

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

/** Imports the file and checks its default export. Throws `SKEIN_SYSTEM_LOAD`, with where and what on one line. */
export async function loadSystem(file: string): Promise<System> {
  try {
    return await importSystem(file);
  } catch (error) {
    const failure = explainFailure(error, file);
    const where = failure.at === undefined ? "" : ` (${failure.at})`;
    throw loadError(`${failure.message}${where}`, failure.fix, error);
  }
}

/** The same, but what the file itself throws comes as it is. */
export async function importSystem(file: string): Promise<System> {
  resolveOwnSources();
  // Node's own words would name the line of Skein that imports it.
  if (!existsSync(file)) throw loadError(`there is no file ${shorten(file)}`, "restore it, or name another file");
  const loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  if (isSystem(loaded.default)) return loaded.default;
  if (loaded.default === undefined) {
    const named = Object.keys(loaded).filter((name) => isSystem((loaded as Record<string, unknown>)[name]));
    const hint = named[0] === undefined ? "export default system(...)" : `export default ${named[0]}`;
    throw loadError(`${shorten(file)} has no default export`, `the file's default export must be the system: ${hint}`);
  }
  throw loadError(
    `the default export of ${shorten(file)} is not a system`,
    'write export default system("name", { services: [...] })',
  );
}

/** The path as a person in this directory would type it. */
export function shorten(file: string, directory: string = process.cwd()): string {
  const relative = path.relative(directory, file);
  return relative === "" || relative.startsWith("..") ? file : relative;
}

/**
 * Where Skein itself runs from its sources, `import ... from "skein"` in the user's file must find those sources and
 * not a build beside them: two copies would not share their classes.
 */
function resolveOwnSources(): void {
  const isGiven =
    process.execArgv.some((argument) => argument.includes("skein-src")) ||
    process.env["NODE_OPTIONS"]?.includes("skein-src");
  if (!import.meta.url.endsWith(".ts") || isGiven === true || isHooked) return;
  isHooked = true;
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, "skein-src"] }),
  });
}
let isHooked = false;

function loadError(message: string, fix: string, cause?: unknown) {
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
