/** `skein start`, `status`, `logs`, `stop` and `migrate`. */
export { runLogs } from "./logs.ts";
export { runMigrate, runStart, runStop } from "./run.ts";
export { runStatus } from "./status.ts";
