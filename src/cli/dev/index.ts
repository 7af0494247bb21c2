/** The door of `skein dev`. */
export { runDev } from "./run.ts";
