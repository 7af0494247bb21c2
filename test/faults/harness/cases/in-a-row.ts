/** Owns making one change of what runs after another while customers ask. It must never wait for the system to be quiet. */
import type { FaultContext, Span } from "../case.ts";

export interface Row {
  /** `steady`: before the first change and after each; `changing`: from the start of each to its end. */
  readonly spans: readonly Span[];
  readonly changes: number;
  readonly slowestMs: number;
  readonly violations: readonly string[];
}

interface RowOptions {
  readonly context: FaultContext;
  readonly what: "move" | "roll";
  readonly names: readonly string[];
  /** How long nothing is changed before the first. */
  readonly leadMs: number;
  /** How long nothing is changed after each: what is steady differs with what runs, and is seen of each. */
  readonly restMs: number;
  /** Resolves with what is wrong after it, and rejects where it failed. */
  readonly change: (name: string) => Promise<readonly string[]>;
}

export async function inARow({ context, what, names, leadMs, restMs, change }: RowOptions): Promise<Row> {
  await context.until(leadMs);
  const violations: string[] = [];
  const changes: { readonly fromMs: number; readonly toMs: number }[] = [];
  const rests = [{ fromMs: 0, toMs: context.now() }];
  for (const name of names) {
    const fromMs = context.now();
    // A short run has time for fewer; one that has begun is waited for, under no load if it must be.
    if (fromMs > context.durationMs * 0.9 && changes.length > 0) break;
    context.note(`${what} to ${name}`);
    try {
      violations.push(...(await change(name)));
    } catch (error) {
      violations.push(`the ${what} to ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    const toMs = context.now();
    changes.push({ fromMs, toMs });
    await context.until(toMs + restMs);
    rests.push({ fromMs: toMs, toMs: context.now() });
  }
  context.enough();
  const all = { fromMs: 0, toMs: context.now() };
  return {
    spans: [
      { name: "steady", ...all, parts: rests },
      { name: "changing", ...all, parts: changes },
    ],
    changes: changes.length,
    slowestMs: Math.round(Math.max(0, ...changes.map(({ fromMs, toMs }) => toMs - fromMs))),
    violations,
  };
}
