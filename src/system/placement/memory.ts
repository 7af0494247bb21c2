/** Owns amounts of memory as placements write them. It must never take a unit that could be meant in two ways. */

const units: Readonly<Record<string, number>> = { Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };
const leastBytes = 64 * 2 ** 20;
const mostBytes = 2 ** 40;

/** Bytes of `"512Mi"` and its like; `undefined` for anything else, and for what no process could live in or have. */
export function parseMemory(value: unknown): number | undefined {
  const match = typeof value === "string" ? /^([1-9]\d{0,6})(Mi|Gi|Ti)$/.exec(value) : null;
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (units[match[2] as string] as number);
  return bytes >= leastBytes && bytes <= mostBytes ? bytes : undefined;
}
