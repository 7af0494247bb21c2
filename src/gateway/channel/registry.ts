/**
 * Owns the open channels of one gateway: signs of life, their longest life, the end of all at a drain. One timer serves
 * them all. It must never look into a message.
 */
import type { Clock, Timer } from "../../core/index.ts";
import { channelPingMs, channelPongMs, channelSweepMs, channelTotalMs } from "../limits.ts";

/** What the registry does with a channel. */
export interface Living {
  /** On the monotonic clock: when it opened, and when something was last heard of its client. */
  readonly openedMs: number;
  heardMs: number;
  pingedMs: number | undefined;
  /** Its client can go on after the last item. */
  readonly goesOn: boolean;
  ping(): void;
  /** Its client is gone. */
  lost(): void;
  /** It shall end in good order, and its client go on elsewhere: the gateway closes, or it has lived long enough. */
  leave(isDraining: boolean): void;
}

export class Channels {
  readonly #clock: Clock;
  readonly #living = new Set<Living>();
  #timer: Timer | undefined;
  #isDraining = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#living.size;
  }

  add(channel: Living): void {
    this.#living.add(channel);
    if (this.#isDraining && channel.goesOn) channel.leave(true);
    this.#arm();
  }

  remove(channel: Living): void {
    this.#living.delete(channel);
    if (this.#living.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Each client that can is told to go on elsewhere; also those that come from now on; `all`: every one. */
  drain(all: boolean): void {
    this.#isDraining = true;
    for (const channel of this.#living) if (all || channel.goesOn) channel.leave(true);
  }

  /** Looks at all of them once. */
  sweep(): void {
    const now = this.#clock.monotonic();
    for (const channel of this.#living) {
      if (channel.pingedMs !== undefined) {
        if (channel.heardMs >= channel.pingedMs) channel.pingedMs = undefined;
        else if (now - channel.pingedMs >= channelPongMs) channel.lost();
      } else if (now - channel.heardMs >= channelPingMs) {
        channel.pingedMs = now;
        channel.ping();
      }
      if (now - channel.openedMs >= channelTotalMs) channel.leave(false);
    }
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(
      channelSweepMs,
      () => {
        this.#timer = undefined;
        this.sweep();
        if (this.#living.size > 0) this.#arm();
      },
      { unref: true },
    );
  }
}
