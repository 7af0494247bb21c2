/** Owns the case in which the placement changes under load. It must never wait for a quiet moment. */
import path from "node:path";
import { atLeast, atMost, type FaultCase, type Span } from "../case.ts";
import { Company } from "../lasting/company.ts";

/** The shop's own, with the service whose calls last. */
const lasting = path.join(import.meta.dirname, "../lasting");
const fileOf = (name: string): string =>
  name === "one"
    ? path.join(import.meta.dirname, "../../../../examples/shop/placements/one.json")
    : path.join(lasting, `${name}.json`);
const movesMax = 10;
/** Ten moves take longer than other cases: so many times the requests that were asked for, unless it is a short run. */
const lasts = 2.5;
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
  goal: "0 failed; p99 while moving at most twice the steady one; no event lost or twice, every upload whole, every transaction once",
  system: { file: path.join(lasting, "lasting.system.ts"), placement: fileOf("replicated") },
  noPeer: "where its services run changes with a restart of their nodes",
  prepare: ({ rate, durationMs }) =>
    Promise.resolve({
      phases: [{ name: "all", rate, ms: durationMs < shortMs ? durationMs : durationMs * lasts }],
      figures: {},
    }),
  async inject(context) {
    const spans: Span[] = [];
    const violations: string[] = [];
    let slowestMs = 0;
    await context.until(context.durationMs / 15);
    const steadyToMs = context.now();
    const company = new Company(() => context.shop.url);
    for (const name of order.slice(0, movesMax)) {
      const fromMs = context.now();
      // A short run has time for fewer; a move that has begun is waited for, under no load if it must be.
      if (fromMs > context.durationMs * 0.9 && spans.length > 0) break;
      context.note(`place ${name}`);
      try {
        await context.shop.place("--file", fileOf(name));
      } catch (error) {
        violations.push(`the move to ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
      }
      spans.push({ name: `move${spans.length + 1}`, fromMs, toMs: context.now() });
      slowestMs = Math.max(slowestMs, context.now() - fromMs);
    }
    const seen = await company.end();
    violations.push(...seen.violations, ...company.wrongRows(context.shop.home));
    const moving = { name: "moving", fromMs: steadyToMs, toMs: spans.at(-1)?.toMs ?? steadyToMs };
    return {
      figures: { moves: spans.length, slowestMoveMs: Math.round(slowestMs), ...seen.figures },
      spans: [{ name: "steady", fromMs: 0, toMs: steadyToMs }, moving],
      violations,
    };
  },
  judge: ({ failed }) => atMost("failed", failed, 0),
  judgeTimes: (_, { steady, moving }, { moves = 0 }) => [
    ...atMost("p99 while moving over steady p99", (moving?.p99 ?? 0) / (steady?.p99 ?? Number.NaN), 2),
    ...atLeast("moves", moves, movesMax),
  ],
};
