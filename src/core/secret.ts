/**
 * A value that does not print: logs, JSON, inspection and cloning show `[redacted]` or nothing.
 * Must never hold its value in a property, not even a hidden one.
 */

const redacted = "[redacted]";
const encoder = new TextEncoder();

/**
 * Wraps a password, token or key. Only {@link Secret.reveal} gives the value back.
 * @since 0.1.0
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it where it is used, never to store or print it. */
  reveal(): T {
    return this.#value;
  }

  /**
   * Compares two string secrets by their UTF-8 bytes, in time that depends on the lengths only.
   * Lone surrogates count as U+FFFD.
   */
  equals(this: Secret<string>, other: Secret<string> | string): boolean {
    const a = encoder.encode(this.#value);
    const b = encoder.encode(typeof other === "string" ? other : other.#value);
    const length = Math.max(a.length, b.length);
    let difference = a.length ^ b.length;
    for (let i = 0; i < length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
    return difference === 0;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return redacted;
  }

  /** Whether `value` is a Secret made by this copy of Skein. */
  static isSecret(value: unknown): value is Secret<unknown> {
    return typeof value === "object" && value !== null && #value in value;
  }
}
