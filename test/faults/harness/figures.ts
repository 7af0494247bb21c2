/** Owns the figures of a run, from its history. It must never drop a request: one that failed counts with the time it took. */
import type { Span } from "./case.ts";
import { type Asked, isFailure } from "./client.ts";

export interface Figures {
  readonly requests: number;
  readonly failed: number;
  /** Share of requests with a complete answer below 500, after at most two permitted resends. */
  readonly success: number;
  /** Such answers that came between the two instants, whenever they were asked for. */
  readonly answeredPerSecond: number;
  readonly resends: number;
  /** Answers with 503, resent or not. */
  readonly unavailable: number;
  /** Those of them that had not begun and did not say when to come again. */
  readonly curt: number;
  /** Milliseconds from the intended start. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** The same of those that did not fail: a refusal is quick. */
  readonly servedP99: number;
  /** How long the longest single try took. */
  readonly slowestTry: number;
}

/** Of the requests that were meant to leave between two instants, and of some kinds only where these are given. */
export function figuresOf(history: readonly Asked[], span?: Span): Figures {
  const chosen = span === undefined ? history : history.filter((asked) => isIn(span, asked));
  const latencies = latenciesOf(chosen);
  const served = latenciesOf(chosen.filter(({ status }) => !isFailure(status)));
  const failed = chosen.filter(({ status }) => isFailure(status)).length;
  const tries = chosen.flatMap((asked) => asked.tries);
  return {
    requests: chosen.length,
    failed,
    success: chosen.length === 0 ? Number.NaN : 1 - failed / chosen.length,
    answeredPerSecond: answeredPerSecond(history, span),
    resends: tries.length - chosen.length,
    unavailable: tries.filter(({ status }) => status === 503).length,
    curt: tries.filter(
      ({ status, retryAfter, hasNotBegun }) => status === 503 && hasNotBegun === true && retryAfter === undefined,
    ).length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p999: quantile(latencies, 0.999),
    max: quantile(latencies, 1),
    servedP99: quantile(served, 0.99),
    slowestTry: Math.round(tries.reduce((most, { ms }) => Math.max(most, ms), 0)),
  };
}

/** How much later than meant requests left: where it is much, the customers' process was what was slow. */
export function latenessOf(history: readonly Asked[]): { readonly p99: number; readonly max: number } {
  const late = history.map(({ lateMs }) => lateMs).toSorted((a, b) => a - b);
  return { p99: quantile(late, 0.99), max: quantile(late, 1) };
}

function latenciesOf(asked: readonly Asked[]): number[] {
  return asked.map(({ dueMs, endMs }) => endMs - dueMs).toSorted((a, b) => a - b);
}

function answeredPerSecond(history: readonly Asked[], span?: Span): number {
  const all = { fromMs: 0, toMs: history.reduce((most, { endMs }) => Math.max(most, endMs), 0) };
  const parts = span?.parts ?? [span ?? all];
  const ms = parts.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const came = history.filter(({ endMs, status }) => !isFailure(status) && isAt(parts, endMs));
  return Math.round((came.length * 10_000) / ms) / 10;
}

function isIn(span: Span, { dueMs, kind }: Asked): boolean {
  const { kinds, parts = [span] } = span;
  return isAt(parts, dueMs) && (kinds === undefined || kinds.includes(kind));
}

function isAt(parts: NonNullable<Span["parts"]>, ms: number): boolean {
  return parts.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
}

function quantile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
}

/** The errors of tries that failed, by how often each came. */
export function errorsOf(history: readonly Asked[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { tries } of history)
    for (const { status, error } of tries)
      if (isFailure(status)) {
        const name = status === 0 ? (error ?? "?") : `${status} ${error ?? ""}`.trim();
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}
