/** One host's place among others. */
export { Peers, type PeersOptions } from "./peers.ts";
export type { Routes } from "./routes.ts";
