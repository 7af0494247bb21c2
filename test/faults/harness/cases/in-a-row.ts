/** Owns making one change of what runs after another while customers ask. It must never wait for a quiet moment. */
import type { FaultContext, Span } from "../case.ts";

export interface Row {
  /** How long it was steady before the first, and each change. */
  readonly spans: readonly Span[];
  /** From the first change to the end of the last. */
  readonly changing: Span;
  readonly changes: number;
  readonly slowestMs: number;
  readonly violations: readonly string[];
}

/** `change` resolves with what is wrong after it, and rejects where it failed. */
export async function inARow(
  context: FaultContext,
  what: "move" | "roll",
  names: readonly string[],
  change: (name: string) => Promise<readonly string[]>,
): Promise<Row> {
  await context.until(context.durationMs / 15);
  const steadyToMs = context.now();
  const violations: string[] = [];
  const spans: Span[] = [];
  for (const name of names) {
    const fromMs = context.now();
    // A short run has time for fewer; one that has begun is waited for, under no load if it must be.
    if (fromMs > context.durationMs * 0.9 && spans.length > 0) break;
    context.note(`${what} to ${name}`);
    try {
      violations.push(...(await change(name)));
    } catch (error) {
      violations.push(`the ${what} to ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    spans.push({ name: `${what}${spans.length + 1}`, fromMs, toMs: context.now() });
  }
  return {
    spans: [{ name: "steady", fromMs: 0, toMs: steadyToMs }],
    changing: { name: "changing", fromMs: steadyToMs, toMs: spans.at(-1)?.toMs ?? steadyToMs },
    changes: spans.length,
    slowestMs: Math.round(Math.max(0, ...spans.map(({ fromMs, toMs }) => toMs - fromMs))),
    violations,
  };
}
