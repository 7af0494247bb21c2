/**
 * Owns where a debugger attaches. The parent must never hold the port that a person asked for: the system runs in the
 * child, so that is what they want to stop in.
 */
import inspector from "node:inspector";
import { usage } from "../parse.ts";
import type { Inspect } from "./protocol.ts";

const flag = /^--inspect(?:-brk|-wait)?(?:=.*)?$/;
const portFlag = /^(?:--inspect-port|--debug-port)(?:=.*)?$/;

/**
 * What a person asked for: by an option of `skein dev`, or by a flag of the Node that runs it. In the second case this
 * process holds the port already and lets it go. A debugger that an editor attaches by itself is left alone: it finds
 * the child through the environment.
 */
export function takeInspect(options: Readonly<Record<string, string | true>>): Inspect | undefined {
  const asked = options["inspect-brk"] ?? options["inspect"];
  if (asked !== undefined) return toInspect(asked === true ? "" : asked, options["inspect-brk"] !== undefined);
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  const given = flags.findLast((argument) => flag.test(argument));
  if (given === undefined) return undefined;
  const held = inspector.url();
  if (held !== undefined) inspector.close();
  const inspect = toInspect(given.split("=")[1] ?? "", !/^--inspect(?:=|$)/.test(given));
  return held === undefined ? inspect : { ...inspect, port: Number(new URL(held).port) };
}

/** The Node flags of a child: ours without those of the debugger, which the child opens when its turn comes. */
export function childNodeFlags(execArgv: readonly string[]): string[] {
  return execArgv.filter((argument) => !flag.test(argument) && !portFlag.test(argument));
}

/** NODE_OPTIONS of a child, with the same taken out. */
export function childNodeOptions(options: string): string {
  return options.includes("--inspect") ? childNodeFlags(options.split(/\s+/)).join(" ") : options;
}

/** `""`, `9230`, `127.0.0.1:9230`, `[::1]:0`. */
function toInspect(text: string, isWaiting: boolean): Inspect {
  const match = /^(?:(\[[^\]]+\]|[^:]+):)?(\d{1,5})$/.exec(text === "" ? "9229" : text);
  const port = Number(match?.[2] ?? Number.NaN);
  if (!(port <= 65_535))
    throw usage(`"${text}" is no port for a debugger`, "write --inspect=9230 or --inspect=127.0.0.1:9230");
  return { port, hostname: match?.[1]?.replace(/^\[|\]$/g, "") ?? "127.0.0.1", isWaiting };
}

/** In the child: opens the door, unless an editor has opened one already. Resolves with its address. */
export function openInspector(inspect: Inspect, mayWait: boolean): string | undefined {
  if (inspector.url() !== undefined) return undefined;
  inspector.open(inspect.port, inspect.hostname, inspect.isWaiting && mayWait);
  return inspector.url();
}
