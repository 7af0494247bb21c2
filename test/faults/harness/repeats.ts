/**
 * Owns how often hosts have sent calls to each other more than once, from what each says of itself. It must never count what
 * customers have sent again: that is in their history.
 */
import type { HostStatus } from "../../../src/supervisor/asking.ts";

/** The retry budget looks back as far. */
const windowMs = 10_000;

type Said = Pick<HostStatus, "pid" | "sent">;
type Sum = HostStatus["sent"];

/** Figures of a case, by name. */
export interface RepeatFigures {
  /** Calls from host to host that are over. */
  readonly sentCalls: number;
  readonly repeats: number;
  /** Repeats for each call, in the ten seconds in which it was most. */
  readonly worstRepeatShare: number;
}

/**
 * Sums of what all processes have said so far. A process that is killed takes with it what it had not said: half a second of
 * its calls and of their repeats.
 */
export class Repeats {
  readonly #latest = new Map<number, Sum>();
  readonly #sums: (Sum & { readonly atMs: number })[] = [];
  /** What had been sent before the first look. */
  #before: Sum | undefined;

  look(atMs: number, hosts: readonly Said[]): void {
    for (const { pid, sent } of hosts) {
      // Counts only grow: without a supervisor, or before a host has spoken to the next one, nobody knows them.
      if (pid !== null && sent.calls >= (this.#latest.get(pid)?.calls ?? 0)) this.#latest.set(pid, sent);
    }
    const sum = { calls: 0, attempts: 0 };
    for (const { calls, attempts } of this.#latest.values()) {
      sum.calls += calls;
      sum.attempts += attempts;
    }
    this.#before ??= sum;
    this.#sums.push({ ...sum, atMs });
  }

  get figures(): RepeatFigures {
    const last = this.#sums.at(-1) ?? { calls: 0, attempts: 0, atMs: 0 };
    const { calls, repeats } = between(this.#before ?? last, last);
    const windows = this.#sums.flatMap((from) => {
      const to = this.#sums.find(({ atMs }) => atMs >= from.atMs + windowMs);
      return to === undefined ? [] : [between(from, to)];
    });
    const all = windows.length === 0 ? [{ calls, repeats }] : windows;
    const worst = Math.max(...all.map((one) => (one.calls === 0 ? 0 : one.repeats / one.calls)));
    return { sentCalls: calls, repeats, worstRepeatShare: Math.round(worst * 10_000) / 10_000 };
  }
}

function between(from: Sum, to: Sum): { readonly calls: number; readonly repeats: number } {
  const calls = to.calls - from.calls;
  return { calls, repeats: to.attempts - from.attempts - calls };
}
