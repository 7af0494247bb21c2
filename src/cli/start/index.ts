/** `skein start`, `status`, `logs`, `stop`, `place` and `migrate`. */
export { runLogs } from "./logs.ts";
export { runMigrate, runStart, runStop } from "./run.ts";
export { runPlace } from "./place.ts";
export { runStatus } from "./status.ts";
