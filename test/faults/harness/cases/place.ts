/** Owns the case in which the placement changes under load. It must never change the shop's own files. */
import path from "node:path";
import { atLeast, atMost, type FaultCase } from "../case.ts";
import { Company } from "../lasting/company.ts";
import { inARow } from "./in-a-row.ts";

/** The shop's own, with the service whose calls last. */
const lasting = path.join(import.meta.dirname, "../lasting");
const fileOf = (name: string): string =>
  name === "one"
    ? path.join(import.meta.dirname, "../../../../examples/shop/placements/one.json")
    : path.join(lasting, `${name}.json`);
const movesMax = 10;
/** Ten moves take longer than other cases: so many times the requests that were asked for at most, unless it is a short run; and they end it. */
const lasts = 22;
/** Of the run, before the first move and after each: eleven processes on two cores have another usual p99 than three, and that of all four placements is the one to compare with. */
const restShare = 1 / 130;
const shortMs = 40_000;
/** Ends with the placement that it begins with. */
const order = [
  "split",
  "each",
  "one",
  "replicated",
  "each",
  "split",
  "replicated",
  "one",
  "split",
  "replicated",
] as const;

export const place: FaultCase = {
  summary: "ten live re-placements in a row among the four placements, with a stream, uploads and transactions open",
  goal: "0 failed; p99 while moving at most twice that of the same placements at rest; no event lost or twice, every upload whole, every transaction once",
  system: { file: path.join(lasting, "lasting.system.ts"), placement: fileOf("replicated") },
  noPeer: "where its services run changes with a restart of their nodes",
  prepare: ({ rate, durationMs }) =>
    Promise.resolve({
      phases: [{ name: "all", rate, ms: durationMs < shortMs ? durationMs : durationMs * lasts }],
      figures: {},
    }),
  async inject(context) {
    let company: Company | undefined;
    const change = async (name: string): Promise<readonly string[]> => {
      company ??= new Company(() => context.shop.url);
      await context.shop.place("--file", fileOf(name));
      return [];
    };
    const restMs = context.durationMs * restShare;
    const row = await inARow({ context, what: "move", names: order, leadMs: restMs, restMs, change });
    const seen = await company?.end();
    return {
      figures: { moves: row.changes, slowestMoveMs: row.slowestMs, ...seen?.figures },
      spans: row.spans,
      violations: [...row.violations, ...(seen?.violations ?? []), ...(company?.wrongRows(context.shop.home) ?? [])],
    };
  },
  judge: ({ failed }) => atMost("failed", failed, 0),
  judgeTimes: (_, { steady, changing }, { moves = 0 }) => [
    ...atMost("p99 while moving over steady p99", (changing?.p99 ?? 0) / (steady?.p99 ?? Number.NaN), 2),
    ...atLeast("moves", moves, movesMax),
  ],
};
