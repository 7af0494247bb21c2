/** Owns the table of what is kept of whole runs, and its place in the guide. It must never show a figure that no file has. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cases } from "./cases.ts";
import { type Peer, peers } from "./peer/moleculer.ts";
import { type FaultResult, resultFile } from "./results.ts";

const root = path.join(import.meta.dirname, "../../..");
/** The guide that has the table. */
export const reportPage = "docs/guides/what-survives-what.md";
const begin = "<!-- faults:begin -->";
const end = "<!-- faults:end -->";

const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;

function cell(name: string, peer?: Peer): string {
  const file = resultFile(name, peer);
  if (!existsSync(file)) return "no kept run";
  const { worst, seeds, requests, violations } = JSON.parse(readFileSync(file, "utf8")) as FaultResult;
  const runs = `${seeds.length} x ${requests.toLocaleString("en")}`;
  const wrongOrders = seeds.reduce((sum, { own }) => sum + (own["wrongOrders"] ?? 0), 0);
  const notes = [violations > 0 && `**${violations} violations**`, wrongOrders > 0 && `${wrongOrders} orders wrong`];
  const missed = notes.map((note) => (note === false ? "" : `, ${note}`)).join("");
  return `${percent(worst.success)}, ${worst.failed} failed, p99 ${worst.p99} ms, p99.9 ${worst.p999} ms (${runs})${missed}`;
}

/** In Markdown: a row for each case of which anything is kept, the worst seed of each figure. */
export function table(): string {
  const isKept = (name: string): boolean => [undefined, ...peers].some((peer) => existsSync(resultFile(name, peer)));
  const kept = Object.entries(cases).filter(([name]) => isKept(name));
  if (kept.length === 0) return "No whole run is kept of any case: CI runs each in short.";
  const rows = kept.map(([name, { summary, goal = "", noPeer }]) => {
    const theirs = peers.map((peer) => (noPeer === undefined ? cell(name, peer) : `cannot play: ${noPeer}`));
    return `| \`${name}\`: ${summary} | ${[goal, cell(name), ...theirs].join(" | ")} |`;
  });
  return ["| case | goal | Skein | Moleculer | Moleculer as shipped |", "|---|---|---|---|---|", ...rows].join("\n");
}

/** The guide with the table as it must be. */
export function page(): string {
  const text = readFileSync(path.join(root, reportPage), "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${reportPage} has no place for the table: ${begin}, ${end}`);
  return `${text.slice(0, from + begin.length)}\n${table()}\n${text.slice(to)}`;
}

export function writePage(): void {
  writeFileSync(path.join(root, reportPage), page());
}
