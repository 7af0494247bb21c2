/**
 * The seam for what only some JavaScript runtimes have: Node's own modules, its environment. Asked for while running, so
 * that a bundle of Skein imports none of them and loads where there are none.
 * Must never be used where a web standard does the same, nor for what a layer cannot do without saying so.
 */

/** The modules that are asked for. Types only: nothing is imported. */
interface Builtins {
  readonly "node:async_hooks": typeof import("node:async_hooks");
  readonly "node:crypto": typeof import("node:crypto");
  readonly "node:fs/promises": typeof import("node:fs/promises");
  readonly "node:path": typeof import("node:path");
}

interface Process {
  readonly env?: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?(name: string): unknown;
}

/** One of Node's modules, or `undefined` where there is none: in a browser, or on a worker without Node compatibility. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  return processOf()?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}

/** The process's environment; empty where there is no process. */
export function processEnv(): Readonly<Record<string, string | undefined>> {
  return processOf()?.env ?? {};
}

/** An absolute path; as it is where there are no files. */
export function absolutePath(path: string): string {
  return builtin("node:path")?.resolve(path) ?? path;
}

function processOf(): Process | undefined {
  return (globalThis as { process?: Process }).process;
}
