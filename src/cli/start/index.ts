/** `skein start`, `status`, `stop` and `migrate`. */
export { runMigrate, runStart, runStatus, runStop } from "./run.ts";
