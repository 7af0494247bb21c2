/** `skein start`, `status` and `stop`. */
export { runStart, runStatus, runStop } from "./run.ts";
