/**
 * Owns what one side of a connection has told the other to remember, so that a principal or a path is sent once and then
 * by number. It must never grow with what a peer sends beyond its limit.
 */
import { canonicalValue } from "../contract/index.ts";
import { remembered } from "./limits.ts";
import { WireError } from "./codec/wire-error.ts";

/** The sender's half: numbers for values, from 1; 0 is nothing. */
export class Remembered {
  /** Frozen values are the same ones call after call; making their text again would cost more than sending it. */
  readonly #texts = new WeakMap<object, string>();
  readonly #byText = new Map<string, number>();
  readonly #tell: (slot: number, value: unknown) => void;
  /** Most calls follow one for the same principal, by the same path: the latest of each kind, and its number. */
  readonly #latest: unknown[] = [];
  readonly #latestSlots: number[] = [];

  /** What `tell` throws at is not known to the other side, and is not remembered here. */
  constructor(tell: (slot: number, value: unknown) => void) {
    this.#tell = tell;
  }

  /** `kind` only says which was the latest of its kind. Throws `ValueSetError`, and what `tell` throws. */
  slotOf(kind: number, value: unknown): number {
    if (value === undefined) return 0;
    if (value === this.#latest[kind]) return this.#latestSlots[kind] as number;
    const text = this.#textOf(value);
    const slot = this.#byText.get(text) ?? this.#remember(text, value);
    // One that may change would be sent as it was.
    this.#latest[kind] = isLasting(value) ? value : undefined;
    this.#latestSlots[kind] = slot;
    return slot;
  }

  #textOf(value: unknown): string {
    if (!isLasting(value)) return canonicalValue(value);
    let text = this.#texts.get(value);
    if (text === undefined) this.#texts.set(value, (text = canonicalValue(value)));
    return text;
  }

  #remember(text: string, value: unknown): number {
    const { size } = this.#byText;
    if (size < remembered.valuesMax) {
      this.#tell(size + 1, value);
      this.#byText.set(text, size + 1);
      return size + 1;
    }
    // The oldest number is used again: the other side forgets what it stood for when it is told anew.
    const [[oldest, slot]] = this.#byText as unknown as [[string, number]];
    this.#tell(slot, value);
    this.#byText.delete(oldest);
    this.#latest.length = 0;
    this.#byText.set(text, slot);
    return slot;
  }
}

/** Whether it is an object that stays as it is. */
function isLasting(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.isFrozen(value);
}

/** The receiver's half. */
export class Heard {
  readonly #values: unknown[] = [undefined];

  set(slot: number, value: unknown): void {
    if (slot < 1 || slot > remembered.valuesMax || slot > this.#values.length)
      throw new WireError("an impossible number");
    this.#values[slot] = value;
  }

  get(slot: number): unknown {
    if (slot >= this.#values.length) throw new WireError("a number that was never told");
    return this.#values[slot];
  }
}
