/**
 * Invariants inside Skein: what can only be false when Skein itself is wrong.
 * Must never check what a user or a peer sent; that is validation, and it has an error code.
 */

/** An invariant of Skein itself does not hold. Always a bug in Skein, never the caller's fault. @since 0.1.0 */
export class AssertionFailed extends Error {
  static {
    this.prototype.name = "AssertionFailed";
  }
}

/**
 * Throws {@link AssertionFailed} with `message` when `condition` is falsy.
 * @since 0.1.0
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/**
 * Closes a `switch` over a union: a forgotten member fails to compile, and at run time throws {@link AssertionFailed}.
 * @since 0.1.0
 */
export function unreachable(value: never): never {
  // String() of a null-prototype object throws, so only the type is named for objects.
  const shown = typeof value === "object" ? "an object" : String(value);
  throw new AssertionFailed(`unreachable: ${shown}`);
}
