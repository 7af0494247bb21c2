/**
 * Owns copies that many may share because nobody can change them: who a call is for, the path it came. It must never call
 * something shared in which a part can change: a date and bytes can, however frozen.
 */
import { copyValue } from "./structural-copy.ts";

const shared = new WeakSet();

/**
 * A copy that is frozen all through. What this has made already is returned as it is, unless it has a date or bytes in it.
 * Throws `ValueSetError`.
 */
export function frozenCopy(value: unknown): unknown {
  if (typeof value !== "object" || value === null || shared.has(value)) return value;
  const copy = copyValue(value) as object;
  if (freezeAll(copy)) shared.add(copy);
  return copy;
}

/** Whether nothing in it can be changed from now on. */
function freezeAll(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (ArrayBuffer.isView(value)) return false;
  let isFixed = !(value instanceof Date);
  for (const field of Object.values(value)) isFixed = freezeAll(field) && isFixed;
  Object.freeze(value);
  return isFixed;
}
