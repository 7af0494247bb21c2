/**
 * Owns the readers of streams that one gateway has, so that a drain can tell them to go on elsewhere. It must never end one in
 * the middle of an item.
 */

/** One answer that goes item by item. */
export interface Reader {
  /** Its client can begin again after the last item. */
  readonly goesOn: boolean;
  /** It ends before its next item. */
  leave(): void;
}

export class Readers {
  readonly #all = new Set<Reader>();
  #isDraining = false;

  add(reader: Reader): void {
    this.#all.add(reader);
    if (this.#isDraining && reader.goesOn) reader.leave();
  }

  remove(reader: Reader): void {
    this.#all.delete(reader);
  }

  /** Those that can go on elsewhere, also the ones that come from now on; `all`: every one. */
  drain(all: boolean): void {
    this.#isDraining = true;
    for (const reader of this.#all) if (all || reader.goesOn) reader.leave();
  }
}
