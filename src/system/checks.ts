/** The door to the check and the endpoint graph, kept apart from `index.ts` so that a running service does not carry them. */
export { type CheckOptions, checkSystem } from "./check.ts";
export { checkMountedRoutes } from "./internal/check-mounts.ts";
export type { Finding } from "./finding.ts";
export { callOrder, type EndpointGraph, endpointGraph, findCycles } from "./graph.ts";
