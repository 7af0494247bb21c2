/** The supervisor layer: processes on one machine. */
export { askStatus, askStop } from "./ask.ts";
export type { HostStatus, Status, Wish } from "./control.ts";
export type { SupervisorOptions } from "./host-table.ts";
export { askPlace } from "./ask-place.ts";
export { placementToRun } from "./kept-placement.ts";
export { lineSink, trimLog } from "./log-file.ts";
export { migrateAll } from "./migrate.ts";
export { openPeersTls, peersAddress } from "./peers-address.ts";
export { type LogEntry, Logs } from "./read-logs.ts";
export { State } from "./state.ts";
export { Supervisor } from "./supervisor.ts";
