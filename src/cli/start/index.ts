/** `skein start`, `status`, `logs`, `stop`, `place`, `roll` and `migrate`. */
export { runLogs } from "./logs.ts";
export { runMigrate, runStart, runStop } from "./run.ts";
export { runPlace } from "./place.ts";
export { runRoll } from "./roll.ts";
export { runStatus } from "./status.ts";
