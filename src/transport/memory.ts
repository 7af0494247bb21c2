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
  readonly #latest: (object | undefined)[] = [];
  readonly #latestSlots: number[] = [];

  constructor(tell: (slot: number, value: unknown) => void) {
    this.#tell = tell;
  }

  /** `kind` only says which was the latest of its kind. */
  slotOf(kind: number, value: object | undefined): number {
    if (value === undefined) return 0;
    if (value === this.#latest[kind]) return this.#latestSlots[kind] as number;
    const text = this.#textOf(value);
    let slot = this.#byText.get(text);
    if (slot === undefined) {
      // The oldest number is used again: the other side forgets what it stood for when it is told anew.
      slot = this.#byText.size < remembered.valuesMax ? this.#byText.size + 1 : this.#forgetOldest();
      this.#byText.set(text, slot);
      this.#tell(slot, value);
    }
    // One that may change would be sent as it was.
    this.#latest[kind] = Object.isFrozen(value) ? value : undefined;
    this.#latestSlots[kind] = slot;
    return slot;
  }

  #textOf(value: object): string {
    let text = this.#texts.get(value);
    if (text === undefined) {
      text = canonicalValue(value);
      if (Object.isFrozen(value)) this.#texts.set(value, text);
    }
    return text;
  }

  #forgetOldest(): number {
    const [[text, slot]] = this.#byText as unknown as [[string, number]];
    this.#byText.delete(text);
    // Its number will stand for something else.
    this.#latest.length = 0;
    return slot;
  }
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
