/** Owns what several services of one host share (one engine per database): opened once, closed by the last. */

interface Entry {
  readonly opened: Promise<{ close(): Promise<void> }>;
  users: number;
}

export class SharedThings {
  readonly #entries = new Map<string, Entry>();

  /** The thing of this key with a `close` that counts: the last of its users closes it for good. */
  async open<T extends { close(): Promise<void> }>(key: string, open: () => Promise<T>): Promise<T> {
    let entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, (entry = { opened: open(), users: 0 }));
    entry.users++;
    let thing: T;
    try {
      // The key names the kind of thing as well, so whoever asks for it asks for the same type.
      thing = (await entry.opened) as T;
    } catch (error) {
      // Only this attempt: somebody may have tried again and be waiting.
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
    return this.#counted(key, entry, thing);
  }

  #counted<T extends { close(): Promise<void> }>(key: string, entry: Entry, thing: T): T {
    let isClosed = false;
    const close = async () => {
      if (isClosed) return;
      isClosed = true;
      if (--entry.users > 0) return;
      this.#entries.delete(key);
      await thing.close();
    };
    // Not a copy: an engine is an object with private state, so only `close` is ours.
    return new Proxy(thing, {
      get(target, name) {
        if (name === "close") return close;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}
