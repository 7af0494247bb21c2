/** Owns the table of what is kept of whole runs, and its place in the guide. It must never show a figure that no file has. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type FaultCase, judgeShare, type Measured } from "./case.ts";
import { cases } from "./cases.ts";
import { type Peer, peers } from "./peer/moleculer.ts";
import { type FaultResult, resultFile } from "./results.ts";
import type { SeedResult } from "./run-seed.ts";

const root = path.join(import.meta.dirname, "../../..");
/** The guide that has the table. */
export const reportPage = "docs/guides/what-survives-what.md";
const begin = "<!-- faults:begin -->";
const end = "<!-- faults:end -->";

const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;

/** What the head of a cell has already. */
const shownAnyway: readonly string[] = ["success", "failed", "p99.9 in ms"];

/** Of one seed, in a cell. */
const sentencesMax = 4;

function cell(name: string, peer?: Peer): string {
  const file = resultFile(name, peer);
  if (!existsSync(file)) return "no kept run";
  return describe(JSON.parse(readFileSync(file, "utf8")) as FaultResult, cases[name] as FaultCase);
}

/** The figures of every case, then the case's own, each of its worst seed; how many requests were made, and what was not kept. */
export function describe({ worst, seeds }: FaultResult, fault: FaultCase): string {
  const made = seeds.map(({ figures }) => figures.requests);
  const [least, most] = [Math.min(...made), Math.max(...made)].map((count) => count.toLocaleString("en"));
  const requests = least === most ? most : `${least} to ${most}`;
  const own = measuredOf(fault, seeds).map(({ name, value }) => `${name}: ${short(value)}`);
  const wrongOrders = seeds.reduce((sum, { own: { wrongOrders: count = 0 } }) => sum + count, 0);
  const missed = seeds.flatMap(({ seed, violations, missed: misses = [] }) => [
    ...shortened(violations).map((one) => `**violation, seed ${seed}: ${rounded(one)}**`),
    ...shortened(misses).map((one) => `misses, seed ${seed}: ${rounded(one)}`),
  ]);
  const parts = [
    `${percent(worst.success)}, ${worst.failed} failed, p99 ${worst.p99} ms, p99.9 ${worst.p999} ms (${seeds.length} x ${requests})`,
    ...own,
    ...(wrongOrders > 0 ? [`${wrongOrders} orders wrong`] : []),
    ...missed,
  ];
  return parts.join("; ").replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** One order after the other would be the whole page; the kept result has them all. */
function shortened(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= sentencesMax) return sentences;
  return [...sentences.slice(0, sentencesMax), `and ${sentences.length - sentencesMax} more`];
}

/** What the case is judged by, the worst of the seeds; what a kept run does not know is not shown. */
function measuredOf(fault: FaultCase, seeds: readonly SeedResult[]): Measured[] {
  const worst = new Map<string, Measured>();
  for (const { figures, spans, own } of seeds) {
    const share = own["worstRepeatShare"] ?? Number.NaN;
    const all = [
      ...fault.judge(figures, spans, own),
      ...(fault.judgeTimes?.(figures, spans, own) ?? []),
      ...(fault.repeatsMax === undefined ? [] : judgeShare(share, fault.repeatsMax)),
    ];
    for (const one of all) {
      const known = worst.get(one.name)?.value ?? one.value;
      const value = one.must === "at most" ? Math.max(known, one.value) : Math.min(known, one.value);
      if (Number.isFinite(value) && !shownAnyway.includes(one.name)) worst.set(one.name, { ...one, value });
    }
  }
  return [...worst.values()];
}

const short = (value: number): string => String(value >= 1_000 ? Math.round(value) : Number(value.toPrecision(4)));
const rounded = (text: string): string => text.replaceAll(/\d+\.\d{4,}/g, (figure) => short(Number(figure)));

/** In Markdown: a row for each case, the worst seed of each figure. */
export function table(): string {
  const rows = Object.entries(cases).map(([name, { summary, goal = "", noPeer }]) => {
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
