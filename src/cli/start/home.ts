/** Owns where a system's state is and what it listens on, as a command line says it. It must never write anything. */
import path from "node:path";
import { State } from "../../supervisor/asking.ts";
import { usage } from "../parse.ts";

/** The state of the system in this file; SKEIN_HOME comes first. */
export function stateOf(file: string, env: NodeJS.ProcessEnv): State {
  return new State(path.resolve(env["SKEIN_HOME"] ?? path.join(path.dirname(file), ".skein")));
}

/** A port from 0 to 65535; the option comes before the variable. Throws `SKEIN_CLI_USAGE`. */
export function toPort(option: string | true | undefined, variable: string | undefined): number {
  const text = typeof option === "string" ? option : variable;
  if (text === undefined || text === "") return 4_000;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  const where = typeof option === "string" ? "--port" : "PORT";
  throw usage(`${where} is "${text}", which is no port`, "give a number from 0 to 65535; 0 picks a free one");
}
