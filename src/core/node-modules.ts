/**
 * The modules of Node that are dear to load. An `import` of `node:http` reads all that it exports, and so runs the getters of
 * `WebSocket` and its kin, which load undici: some 60 ms of processor time in each process, for what Skein never uses. Asked
 * for by name, the module is the same and those stay unread. `node:tls`, which few hosts need, is loaded by its first use.
 * Lint refuses a value import of them elsewhere. It must never be part of what is bundled for no platform: `platform.ts` is.
 */

export const http: typeof import("node:http") = process.getBuiltinModule("node:http");

/** It loads `node:tls`. */
export function loadHttps(): typeof import("node:https") {
  return process.getBuiltinModule("node:https");
}

export function loadTls(): typeof import("node:tls") {
  return process.getBuiltinModule("node:tls");
}
