/** The command line. Nothing of it is imported by other layers: the executable is bin.ts. */
export { commands } from "./commands.ts";
export { renderCliReference } from "./help.ts";
export { main } from "./main.ts";
