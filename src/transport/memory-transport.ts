/** Owns connections inside one process, for tests and simulation: the same sessions over a pair of channels. */
import { skeinError } from "../errors/index.ts";
import type { FindOperation } from "./callee.ts";
import { Callees } from "./callees.ts";
import { Caller } from "./caller.ts";
import type { Channel } from "./channel.ts";
import { drainMs } from "./limits.ts";
import { memoryChannels } from "./memory-channel.ts";
import type { Answer, Connection, Listener } from "./port.ts";
import type { SessionOptions } from "./session.ts";

/** Listeners of one process by name. */
export class MemoryNetwork {
  readonly #listeners = new Map<string, (channel: Channel) => void>();
  readonly #later: (run: () => void) => void;

  /** `later` runs what it is given in a later turn, in order. */
  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  /** Rejects with `SKEIN_TRANSPORT_UNREACHABLE` where nobody listens. */
  async connect(address: string, options: SessionOptions): Promise<Connection> {
    const listener = this.#listeners.get(address);
    if (listener === undefined) throw skeinError("SKEIN_TRANSPORT_UNREACHABLE", `nobody listens at ${address}`);
    const [here, there] = memoryChannels(this.#later);
    listener(there);
    const caller = new Caller(here, options);
    await caller.greeted;
    return caller;
  }

  listen(address: string, options: SessionOptions, find: FindOperation, answer: Answer): Listener {
    const callees = new Callees(options, find, answer);
    this.#listeners.set(address, (channel) => callees.accept(channel));
    const close = (waitMs: number, mayWait?: () => boolean): Promise<void> => {
      this.#listeners.delete(address);
      return callees.close(waitMs, mayWait);
    };
    let closing: Promise<void> | undefined;
    return { address, close: (waitMs = drainMs, mayWait) => (closing ??= close(waitMs, mayWait)) };
  }
}
