/** Owns `skein logs`: what all processes have written, as one log. It must never let a line act on the terminal. */
import { type Duration, sleep, systemClock, toMs } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { type LogEntry, Logs } from "../../supervisor/asking.ts";
import type { Given } from "../command.ts";
import { findSystemFile } from "../find-system.ts";
import { usage } from "../parse.ts";
import { createPaint, escapeControl, type Paint, type Style, wantsColour } from "../terminal.ts";
import { stateOf } from "./home.ts";

const followMs = 200;
const styles: Readonly<Record<string, Style>> = { error: "red", warn: "yellow", debug: "dim" };

/** Throws `SKEIN_LOGS_NONE` where nothing was written, and `SKEIN_CLI_USAGE`. */
export async function runLogs(given: Given): Promise<number> {
  const { options } = given;
  const state = stateOf(findSystemFile(given.arguments[0]), process.env);
  const host = typeof options["host"] === "string" ? options["host"] : undefined;
  const fromMs = options["since"] === undefined ? 0 : systemClock.now() - ageOf(options["since"]);
  const logs = new Logs(state.logs, (one) => host === undefined || one === host || groupOf(one) === host);
  const known = logs.hosts();
  const isFollowing = options["follow"] === true;
  if (known.length === 0 && !isFollowing)
    throw skeinError("SKEIN_LOGS_NONE", `nothing has written a log in ${state.logs}`);
  if (host !== undefined && known.length > 0 && !known.some((one) => one === host || groupOf(one) === host))
    throw usage(`no "${host}" has written a log`, `there are ${known.join(", ")}`);
  const print = printer(options["json"] === true);
  let isOver = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isOver = true));
  // Whoever reads has had enough.
  process.stdout.on("error", () => process.exit(0));
  for (;;) {
    for (const entry of logs.entries(!isFollowing)) {
      if (entry.time < fromMs) continue;
      if (!print(entry)) await new Promise<void>((resolve) => void process.stdout.once("drain", resolve));
    }
    if (!isFollowing || isOver) return 0;
    await sleep(systemClock, followMs);
  }
}

function ageOf(option: string | true): number {
  try {
    return toMs(option as Duration);
  } catch {
    throw usage(`--since is "${String(option)}", which is no duration`, "give one such as 30s, 10m, 2h or 1d");
  }
}

/** `orders` of `orders-1`. */
function groupOf(host: string): string {
  return host.replace(/-\d+$/, "");
}

/** Each returns false when the output wants no more for now. */
function printer(isJson: boolean): (entry: LogEntry) => boolean {
  const paint = createPaint(!isJson && wantsColour(process.stdout));
  return (entry) => process.stdout.write(`${isJson ? toJson(entry) : toText(entry, paint)}\n`);
}

function toJson({ host, time, line, fields }: LogEntry): string {
  return JSON.stringify({ host, ...(fields ?? { time: new Date(time).toISOString(), text: line }) });
}

/** One entry on one line, whatever is in it. */
export function toText({ host, time, line, fields }: LogEntry, paint: Paint): string {
  const head = `${paint("dim", new Date(time).toISOString())} ${paint("bold", escapeControl(host))}`;
  if (fields === undefined) return `${head} ${escapeControl(line)}`;
  const { time: _, level, message, ...rest } = fields;
  const style = styles[level as string];
  const word = String(level).toUpperCase().padEnd(5);
  const more = Object.entries(rest).map(
    ([name, value]) => ` ${paint("dim", `${escapeControl(name)}=`)}${toValue(value)}`,
  );
  return `${head} ${style === undefined ? word : paint(style, word)} ${escapeControl(String(message))}${more.join("")}`;
}

function toValue(value: unknown): string {
  const text = typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : (JSON.stringify(value) ?? "");
  return escapeControl(text);
}
