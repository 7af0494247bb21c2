/**
 * Owns a pair of channels inside one process: what one writes the other is given, in a later turn. It must never hand over
 * in the turn of the writer, which no network does.
 */
import type { Channel, ChannelEvents } from "./channel.ts";
import { waitingBytesMax } from "./limits.ts";

/** `later` runs what it is given in a later turn, in order; a simulated network delays it. */
export function memoryChannels(later: (run: () => void) => void): readonly [Channel, Channel] {
  const left = new End(later);
  const right = new End(later);
  left.other = right;
  right.other = left;
  return [left, right];
}

class End implements Channel {
  other!: End;
  readonly #later: (run: () => void) => void;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #events: ChannelEvents | undefined;
  #isPaused = false;
  #isClosed = false;
  #isToldToStop = false;

  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    this.#later(() => this.#read());
  }

  write(bytes: Buffer): boolean {
    if (this.#isClosed) return false;
    const { other } = this;
    this.#later(() => other.#arrive(bytes));
    const isEnough = other.#waitingBytes + bytes.length > waitingBytesMax;
    other.#isToldToStop ||= isEnough;
    return !isEnough;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#later(() => this.#read());
  }

  end(): void {
    this.#later(() => this.destroy());
  }

  destroy(): void {
    this.#close();
    const { other } = this;
    this.#later(() => other.#close());
  }

  #arrive(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#read();
  }

  #read(): void {
    const events = this.#events;
    if (events === undefined) return;
    while (!this.#isPaused && !this.#isClosed) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) break;
      this.#waitingBytes -= bytes.length;
      events.data(bytes);
    }
    if (this.#waiting.length > 0 || !this.#isToldToStop) return;
    this.#isToldToStop = false;
    const { other } = this;
    this.#later(() => other.#events?.drained());
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#later(() => this.#events?.closed(undefined));
  }
}
