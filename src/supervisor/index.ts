/** The supervisor layer: processes on one machine. What only asks a supervisor that runs is in asking.ts. */
export { assertSameMode } from "./adopt.ts";
export type { SupervisorOptions } from "./host-table.ts";
export { type Build, buildOf, directoryOf, sameBuild } from "./build.ts";
export { assertKeptIsThere, buildToRun, settleBuild } from "./kept-build.ts";
export { placementToRun } from "./kept-placement.ts";
export { environmentOf } from "./settings.ts";
export { lineSink, trimLog } from "./log-file.ts";
export { migrateAll } from "./migrate.ts";
export { countConnections, migrateTo, type SaidFinding } from "./roll-check.ts";
export { openPeersTls, peersAddress } from "./peers-address.ts";
export { Supervisor } from "./supervisor.ts";
