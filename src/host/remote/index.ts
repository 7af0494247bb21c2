/** One host's place among others. */
export { Operations } from "./operations.ts";
export { Peers } from "./peers.ts";
export { Door, doorPort } from "./door.ts";
export { httpCarrier, principalSecret } from "./http.ts";
export type { Absence } from "./replicas.ts";
export type { Routes } from "./routes.ts";
