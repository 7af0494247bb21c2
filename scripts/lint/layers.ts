// Owns the order of the layers and the seams they may not bypass, as plain data.
// Must not know the linter: rules, tests and documents read this one list.

/** A folder under `src/` imports only from folders above it in this list. */
export const LAYERS = [
  "core",
  "errors",
  "contract",
  "system",
  "observe",
  "call",
  "transport",
  "data",
  "external",
  "host",
  "gateway",
  "supervisor",
  "edge",
  "telemetry",
  "model",
  "planner",
  "load",
  "deploy",
  "cli",
  "testing",
] as const;

/** Layers that a browser bundle contains: no `node:` import there. */
export const BROWSER_LAYERS: ReadonlySet<string> = new Set(["errors", "contract"]);

/** Global functions that only `src/core` may name. */
export const RAW_GLOBALS: ReadonlySet<string> = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
]);

/** `object.member` pairs that only `src/core` may name. */
export const RAW_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ["now"],
  Math: ["random"],
  performance: ["now", "timeOrigin"],
  process: ["hrtime"],
  crypto: ["randomUUID", "getRandomValues", "randomBytes", "randomInt"],
  AbortSignal: ["timeout"],
};

/** Modules that only `src/core` may import. */
export const RAW_MODULES: ReadonlySet<string> = new Set([
  "node:timers",
  "node:timers/promises",
  "node:perf_hooks",
  "timers",
  "timers/promises",
]);

/** Named imports that only `src/core` may use, by module. */
export const RAW_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  "node:crypto": ["randomUUID", "randomBytes", "randomInt", "getRandomValues"],
};

/** Modules that cost each process a part of its start: `src/core/node-modules.ts` has them. */
export const DEAR_MODULES: ReadonlySet<string> = new Set(["http", "https", "http2", "tls"]);

/**
 * Says why an import is against the layer rule, or undefined when it is not.
 * @param fromLayer folder under `src/` of the importing file, or undefined for a file directly in `src/`
 * @param toLayer folder under `src/` of the imported file, or undefined for a file directly in `src/`
 */
export function layerProblem(fromLayer: string | undefined, toLayer: string | undefined): string | undefined {
  if (fromLayer === undefined || fromLayer === toLayer) return undefined;
  if (toLayer === undefined) return `"${fromLayer}" imports the package's own front door`;
  const from = LAYERS.indexOf(fromLayer as (typeof LAYERS)[number]);
  const to = LAYERS.indexOf(toLayer as (typeof LAYERS)[number]);
  if (from < 0) return `"${fromLayer}" is not in the list of layers (scripts/lint/layers.ts)`;
  if (to < 0) return `"${toLayer}" is not in the list of layers (scripts/lint/layers.ts)`;
  return to < from ? undefined : `"${fromLayer}" may not import "${toLayer}", which is below it`;
}
