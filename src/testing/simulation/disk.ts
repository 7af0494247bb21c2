/**
 * Owns the databases of a simulated cluster: they outlive the processes that use them, and processes share them. It must
 * never keep what a dead process had not committed.
 */
import type { Clock, Random } from "../../core/index.ts";
import type { Engine } from "../../data/engine.ts";
import { createMemoryEngine, type MemoryAccess, type MemoryStore, openMemoryStore } from "../../data/memory.ts";
import type { OpenContext } from "../../system/index.ts";
import type { Process } from "./machine.ts";

/** How long a statement or a commit takes at most, in milliseconds. */
const statementMsMax = 1;

const prefix = "memory:";

export class Disk {
  readonly #random: Random;
  readonly #stores = new Map<string, MemoryStore>();
  readonly #byClock = new Map<Clock, Process>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** From now on what is opened under this process's clock is the process's. */
  join(process: Process): void {
    this.#byClock.set(process.clock, process);
  }

  /** What a host's services share, with the databases in memory taken from here. */
  share(context: OpenContext): OpenContext["shared"] {
    const process = this.#byClock.get(context.clock);
    return async (key, open) => {
      if (process === undefined || !key.startsWith(prefix)) return context.shared(key, open);
      // The key names the kind of thing as well, so whoever asks for it asks for this type.
      return this.#access(key.slice(prefix.length), process) as never;
    };
  }

  /** The transaction that a dead process has open is rolled back, and its turn given to the next. */
  bury(process: Process): void {
    this.#byClock.delete(process.clock);
    for (const { current } of this.#stores.values()) {
      if (current !== undefined && (current.access as OwnedAccess).process === process) void current.session.rollback();
    }
  }

  get names(): readonly string[] {
    return [...this.#stores.keys()];
  }

  /** Whether a transaction is open that a reader waits for, on one of them or on any. */
  isBusy(name?: string): boolean {
    if (name !== undefined) return this.#stores.get(name)?.current !== undefined;
    return [...this.#stores.values()].some(({ current }) => current !== undefined);
  }

  /** An engine of nobody, which takes no time. */
  engine(name: string): Engine | undefined {
    const store = this.#stores.get(name);
    return store === undefined ? undefined : createMemoryEngine({ store, close: () => Promise.resolve() });
  }

  close(): void {
    for (const { file } of this.#stores.values()) file.close();
    this.#stores.clear();
  }

  #access(name: string, process: Process): OwnedAccess {
    let store = this.#stores.get(name);
    if (store === undefined) this.#stores.set(name, (store = openMemoryStore()));
    return {
      store,
      process,
      pace: () =>
        new Promise((resolve) => void process.clock.after(this.#random.float() * statementMsMax, () => resolve())),
      mayRun: () => process.state === "running",
      // The database stays when its last user goes.
      close: () => Promise.resolve(),
    };
  }
}

interface OwnedAccess extends MemoryAccess {
  readonly process: Process;
}
