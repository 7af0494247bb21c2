/** One host's place among others. */
export { Peers } from "./peers.ts";
export type { Routes } from "./routes.ts";
