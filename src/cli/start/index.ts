/** `skein start`, `status`, `logs`, `stop` and `migrate`. */
export { runLogs } from "./logs.ts";
export { runMigrate, runStart, runStatus, runStop } from "./run.ts";
