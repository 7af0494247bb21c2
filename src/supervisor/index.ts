/** The supervisor layer: processes on one machine. */
export { assertSameMode } from "./adopt.ts";
export { askStatus, askStop } from "./ask.ts";
export type { HostStatus, Status, Wish } from "./control.ts";
export type { SupervisorOptions } from "./host-table.ts";
export { askPlace, askRoll } from "./ask-place.ts";
export { type Build, buildOf, directoryOf, sameBuild } from "./build.ts";
export { assertKeptIsThere, buildToRun, settleBuild } from "./kept-build.ts";
export { placementToRun } from "./kept-placement.ts";
export { environmentOf } from "./settings.ts";
export { lineSink, trimLog } from "./log-file.ts";
export { migrateAll } from "./migrate.ts";
export { countConnections, migrateTo, type SaidFinding } from "./roll-check.ts";
export { openPeersTls, peersAddress } from "./peers-address.ts";
export { type LogEntry, Logs } from "./read-logs.ts";
export { State } from "./state.ts";
export { Supervisor } from "./supervisor.ts";
