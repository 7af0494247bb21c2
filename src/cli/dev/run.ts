/** Owns the command `skein dev`: its options, signals and output. It must never run a service: its child does. */
import path from "node:path";
import { systemClock } from "../../core/index.ts";
import type { Given } from "../command.ts";
import { findSystemFile, shorten } from "../find-system.ts";
import { usage } from "../parse.ts";
import { wantsColour } from "../terminal.ts";
import { takeInspect } from "./debug.ts";
import type { DevEvent } from "./protocol.ts";
import { renderEvent } from "./render.ts";
import { Supervisor } from "./supervisor.ts";

/** Runs until a signal or a failed start. */
export function runDev(given: Given): Promise<number> {
  const isJson = given.options["json"] === true;
  const file = findSystemFile(given.arguments[0]);
  const isColoured = wantsColour(process.stdout);
  const isColouredError = wantsColour(process.stderr);
  const show = (event: DevEvent): void => {
    if (isJson) process.stdout.write(`${JSON.stringify(event)}\n`);
    else if (event.event === "failed") process.stderr.write(renderEvent(event, isColouredError));
    else process.stdout.write(renderEvent(event, isColoured));
  };
  const supervisor = new Supervisor({
    file,
    home: path.resolve(process.env["SKEIN_HOME"] ?? path.join(path.dirname(file), ".skein")),
    port: toPort(given.options["port"], process.env["PORT"]),
    hostname: toHostname(given.options["host"]),
    isJson,
    inspect: takeInspect(given.options),
    clock: systemClock,
    show,
    shorten,
  });
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals++;
    if (signals === 1) supervisor.stop(signal);
    else supervisor.stopNow(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return supervisor.run();
}

const defaultPort = 4000;

function toPort(option: string | true | undefined, variable: string | undefined): number {
  const given = typeof option === "string" ? option : variable === "" ? undefined : variable;
  if (given === undefined) return defaultPort;
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (port <= 65_535) return port;
  const where = typeof option === "string" ? "--port" : "PORT";
  throw usage(`${where} is "${given}", which is no port`, "give a number from 0 to 65535; 0 picks a free port");
}

function toHostname(option: string | true | undefined): string {
  const given = typeof option === "string" ? option : "127.0.0.1";
  return given.replace(/^\[(.*)\]$/, "$1");
}
