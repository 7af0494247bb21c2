/**
 * Owns knowing which files this process has loaded, and which its imports looked for in vain. It must never change what
 * an import resolves to.
 */
import module from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

export interface LoadTracker {
  readonly files: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  /** The file that was resolved last: after a syntax error, the one that has it. */
  readonly last: string | undefined;
}

/** Skein's own sources or build. */
const ownUrl = new URL("../..", import.meta.url).href;

/** Follows every import and require from now on; `onNew` runs when a file is seen for the first time. */
export function trackLoads(onNew: () => void): LoadTracker {
  const files = new Set<string>();
  const missing = new Set<string>();
  const tracker = { files, missing, last: undefined as string | undefined };
  module.registerHooks({
    resolve(specifier, context, next) {
      try {
        const resolved = next(specifier, context);
        if (isOfUser(resolved.url)) {
          const file = fileURLToPath(resolved.url);
          tracker.last = file;
          if (!files.has(file)) {
            files.add(file);
            onNew();
          }
        }
        return resolved;
      } catch (error) {
        const file = wantedFile(specifier, context.parentURL);
        if (file !== undefined) missing.add(file);
        throw error;
      }
    },
  });
  return tracker;
}

function isOfUser(url: string): boolean {
  return url.startsWith("file:") && !url.startsWith(ownUrl) && !url.includes("/node_modules/");
}

function wantedFile(specifier: string, parentUrl: string | undefined): string | undefined {
  if (specifier.startsWith("file:")) return fileURLToPath(specifier);
  const isPath = specifier.startsWith(".") || specifier.startsWith("/");
  if (!isPath || parentUrl?.startsWith("file:") !== true) return undefined;
  return path.resolve(path.dirname(fileURLToPath(parentUrl)), specifier);
}
