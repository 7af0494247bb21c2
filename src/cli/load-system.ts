/**
 * Owns importing the file that holds a system. It must never load the code of a service, and never leave a
 * person without the file and line of what failed.
 */
import { existsSync } from "node:fs";
import module from "node:module";
import { pathToFileURL } from "node:url";
import { isSystem, type System } from "../system/index.ts";
import { explainFailure } from "./failure.ts";
import { loadError, shorten } from "./find-system.ts";

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
