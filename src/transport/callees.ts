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

  /** Asks all to leave, waits for calls under way at most `waitMs` and as long as `mayWait` says so, then closes. */
  async close(waitMs: number, mayWait: () => boolean = never): Promise<void> {
    this.#isClosing = true;
    const all = [...this.#all];
    for (const callee of all) callee.leave();
    const enough = new AbortController();
    await Promise.race([Promise.all(all.map((callee) => callee.closed)), this.#wait(waitMs, mayWait, enough.signal)]);
    enough.abort();
    for (const callee of all) callee.fail(skeinError("SKEIN_HOST_DRAINING"));
  }

  async #wait(waitMs: number, mayWait: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const pause = (ms: number): Promise<void> => sleep(clock, ms, signal).catch(() => undefined);
    await pause(waitMs);
    while (!signal.aborted && mayWait()) await pause(lookMs);
  }
}

/** How often is asked whether to wait any longer. */
const lookMs = 100;

function never(): boolean {
  return false;
}
