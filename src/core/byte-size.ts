/**
 * How people write an amount of bytes, and how many bytes that is.
 * Must never round: what is not a whole number of bytes is refused.
 */

/** An amount of bytes: a whole number, or one with its unit, such as `"10MiB"` or `"64KiB"`. @since 0.1.0 */
export type ByteSize = number | `${number}${"B" | "KiB" | "MiB" | "GiB"}`;

const unitBytes: Readonly<Record<string, number>> = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

const pattern = /^(\d{1,15}(?:\.\d{1,9})?)(B|KiB|MiB|GiB)$/;

/**
 * The number of bytes.
 * @throws RangeError when it is not a whole number of bytes, negative, of an unknown unit, or beyond 2^53.
 * @since 0.1.0
 */
export function toBytes(size: ByteSize): number {
  const bytes = typeof size === "number" ? size : parse(size);
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw refuse(size);
  return bytes;
}

function parse(text: unknown): number {
  const match = typeof text === "string" ? pattern.exec(text) : null;
  const unit = unitBytes[match?.[2] ?? ""];
  return match === null || unit === undefined ? Number.NaN : Number(match[1]) * unit;
}

function refuse(given: unknown): RangeError {
  const shown = typeof given === "string" ? JSON.stringify(given.slice(0, 40)) : String(given);
  return new RangeError(`${shown} is not a size: write whole bytes, or a number and one of B, KiB, MiB, GiB ("10MiB")`);
}
