/** Owns `skein status`: what runs where, as a table or as JSON. It must never start or end anything. */
import { systemClock } from "../../core/index.ts";
import { askStatus, type HostStatus, type Status } from "../../supervisor/asking.ts";
import type { Given } from "../command.ts";
import { findSystemFile, shorten } from "../find-system.ts";
import { createPaint, type Paint, type Style, wantsColour } from "../terminal.ts";
import { stateOf } from "./home.ts";

export async function runStatus(given: Given): Promise<number> {
  const status = await askStatus(stateOf(findSystemFile(given.arguments[0]), process.env), systemClock);
  const isJson = given.options["json"] === true;
  const paint = createPaint(wantsColour(process.stdout));
  process.stdout.write(isJson ? `${JSON.stringify(status)}\n` : renderStatus(status, paint));
  return 0;
}

const styles: Readonly<Partial<Record<HostStatus["state"], Style>>> = {
  ready: "green",
  silent: "red",
  waiting: "red",
  starting: "yellow",
  draining: "yellow",
};

/** Columns that are empty for every host are left out. */
export function renderStatus({ supervisor, epoch, gateway, change, hosts }: Status, paint: Paint): string {
  const head = [
    supervisor === null
      ? paint("yellow", "no supervisor: the hosts go on, and skein start takes them over")
      : `supervisor ${supervisor.pid}, epoch ${epoch}`,
    ...(gateway === null ? [] : [`gateway ${gateway.url}`]),
    ...(change === undefined
      ? []
      : [paint("yellow", `a ${change.what} is under way since ${new Date(change.since).toISOString()}`)]),
  ];
  const columns: readonly (readonly [string, (host: HostStatus) => string])[] = [
    ["group", ({ group }) => group],
    ["replica", ({ replica }) => String(replica)],
    ["state", toState],
    ["role", ({ role }) => role ?? ""],
    ["build", ({ build }) => shorten(build)],
    ["pid", ({ pid }) => (pid === null ? "-" : String(pid))],
    ["up", ({ pid, uptimeMs }) => (pid === null ? "-" : toAge(uptimeMs))],
    ["restarts", ({ restarts }) => String(restarts)],
    ["in flight", ({ inFlight }) => String(inFlight)],
    ["repeats", toRepeats],
    ["memory", toMemory],
    ["http", ({ http }) => http ?? ""],
    ["services", ({ services }) => services.join(" ")],
  ];
  const filled = columns
    .map(([title, cell]) => ({ title, cells: hosts.map(cell) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const rows = [-1, ...hosts.keys()].map((row) =>
    filled
      .map(({ title, cells }) => {
        const width = Math.max(...[title, ...cells].map((cell) => cell.length));
        const text = (row < 0 ? title : (cells[row] ?? "")).padEnd(width);
        const style = title === "state" && row >= 0 ? styles[hosts[row]?.state ?? "ready"] : undefined;
        return style === undefined ? text : paint(style, text);
      })
      .join("  ")
      .trimEnd(),
  );
  return `${[...head, "", ...rows].join("\n")}\n`;
}

function toState({ state, silentMs }: HostStatus): string {
  if (silentMs === undefined) return state;
  const since = `silent since ${Math.floor(silentMs / 1_000)} s`;
  return state === "silent" ? since : `${state}, ${since}`;
}

/** The two largest units: `3d 4h`. */
function toAge(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0s";
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** Of the calls that it has sent to other hosts. */
function toRepeats({ sent: { calls, attempts } }: HostStatus): string {
  return calls === 0 ? "" : `${attempts - calls} of ${calls}`;
}

function toMemory({ rss, memory }: HostStatus): string {
  const toMib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  if (rss === 0) return "-";
  return memory === null ? toMib(rss) : `${toMib(rss)} of ${toMib(memory)}`;
}
