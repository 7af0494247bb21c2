/**
 * How people write a length of time, and what it is in milliseconds.
 * Must never know about instants: a deadline is computed from a clock elsewhere.
 */

/** A length of time: milliseconds as a number, or a number with its unit, such as `"10s"` or `"1.5h"`. @since 0.1.0 */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest duration that is accepted: 365 days. */
const durationMaxMs = 365 * 86_400_000;

const pattern = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/;

/**
 * The duration in milliseconds, possibly with a fraction.
 * @throws RangeError when it is not a number, negative, of an unknown unit, or longer than 365 days.
 * @since 0.1.0
 */
export function toMs(duration: Duration): number {
  const ms = typeof duration === "number" ? duration : parse(duration);
  if (!(ms >= 0)) throw refuse(duration, Number.isNaN(ms) ? "it is not a number" : "it is negative");
  if (ms > durationMaxMs) throw refuse(duration, "it is longer than 365 days");
  return ms;
}

function parse(text: unknown): number {
  const match = typeof text === "string" ? pattern.exec(text) : null;
  const unit = unitMs[match?.[2] ?? ""];
  if (!match || unit === undefined)
    throw refuse(text, "write milliseconds as a number, or a number and one of ms, s, m, h, d");
  return Number(match[1]) * unit;
}

function refuse(given: unknown, why: string): RangeError {
  const shown =
    typeof given === "string"
      ? JSON.stringify(given.slice(0, 40))
      : typeof given === "number"
        ? String(given)
        : typeof given;
  return new RangeError(`${shown} is not a duration: ${why} (for example 250 or "10s")`);
}
