/** Owns the connections that a listener has accepted, and their end. It must never accept one after its end began. */
import { sleep } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import { Callee, type FindOperation } from "./callee.ts";
import type { Channel } from "./channel.ts";
import type { Answer } from "./port.ts";
import type { SessionOptions } from "./session.ts";

export class Callees {
  readonly #all = new Set<Callee>();
  readonly #options: SessionOptions;
  readonly #find: FindOperation;
  readonly #answer: Answer;
  #isClosing = false;

  constructor(options: SessionOptions, find: FindOperation, answer: Answer) {
    this.#options = options;
    this.#find = find;
    this.#answer = answer;
  }

  accept(channel: Channel): void {
    if (this.#isClosing) return channel.destroy();
    const callee = new Callee(channel, this.#options, this.#find, this.#answer);
    // Who does not greet is nobody's failure here: its connection is closed.
    callee.greeted.catch(() => undefined);
    this.#all.add(callee);
    void callee.closed.then(() => this.#all.delete(callee));
  }

  /** Asks all to leave, waits for calls under way at most `waitMs`, then closes. */
  async close(waitMs: number): Promise<void> {
    this.#isClosing = true;
    const all = [...this.#all];
    for (const callee of all) callee.leave();
    const enough = new AbortController();
    const waited = sleep(this.#options.clock, waitMs, enough.signal).catch(() => undefined);
    await Promise.race([Promise.all(all.map((callee) => callee.closed)), waited]);
    enough.abort();
    for (const callee of all) callee.fail(skeinError("SKEIN_HOST_DRAINING"));
  }
}
