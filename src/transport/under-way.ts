/**
 * Owns the calls of one connection that are under way, by number. It must never make a table for calls that come and go: a
 * `Map` makes one each time it is full of deleted entries, and V8 links the old ones to the new ones, so that those the
 * collector has once moved keep everything that was under way since. That was a third of a busy caller's time.
 */

/** Numbers that are near each other, as those of one caller are, have places of their own. */
const placesCount = 1_024;
const mask = placesCount - 1;

export class UnderWay<T extends { readonly id: number }> {
  readonly #places: (T | undefined)[] = Array.from({ length: placesCount });
  /** Those whose place is taken: by a long stream, or by a caller that numbers its calls in another way. */
  readonly #others = new Map<number, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const one = this.#places[id & mask];
    if (one !== undefined && one.id === id) return one;
    return this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** Of a number that is not there yet. */
  add(one: T): void {
    const place = one.id & mask;
    if (this.#places[place] === undefined) this.#places[place] = one;
    else this.#others.set(one.id, one);
    this.#size++;
  }

  delete(one: T): void {
    const place = one.id & mask;
    if (this.#places[place] === one) this.#places[place] = undefined;
    else if (!this.#others.delete(one.id)) return;
    this.#size--;
  }

  /** Those that are there now. */
  all(): T[] {
    return [...this.#places.filter((one) => one !== undefined), ...this.#others.values()];
  }
}
