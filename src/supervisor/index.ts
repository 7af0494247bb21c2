/** The supervisor layer: processes on one machine. */
export { askStatus, askStop } from "./ask.ts";
export type { HostStatus, Status } from "./control.ts";
export type { SupervisorOptions } from "./host-table.ts";
export { migrateAll } from "./migrate.ts";
export { State } from "./state.ts";
export { Supervisor } from "./supervisor.ts";
