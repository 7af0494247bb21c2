/**
 * Owns one port that the hosts of a machine take in turn: who has bound it answers, and when that one ends the next try of
 * another succeeds. It must never take a port away, nor hold up its host's start for one.
 */
import type { Clock, Timer } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { Log } from "../../system/index.ts";
import type { Listener } from "../../transport/index.ts";

/** Between two tries. */
const retryMs = 250;

export interface DoorOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Binds the port. */
  readonly open: () => Promise<Listener>;
}

export class Door {
  readonly #options: DoorOptions;
  #listener: Listener | undefined;
  #timer: Timer | undefined;
  #isOver = false;
  #hasWaited = false;

  private constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Rejects with whatever but a taken port keeps it from being bound. */
  static async open(options: DoorOptions): Promise<Door> {
    const door = new Door(options);
    await door.#try();
    return door;
  }

  /** Where it answers, while it does. */
  get url(): string | undefined {
    return this.#listener === undefined ? undefined : `http://${this.#listener.address}`;
  }

  /** Lets the port go at once, and finishes what is in flight. Safe to call twice. */
  async close(drainMs?: number): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    await this.#listener?.close(drainMs);
    this.#listener = undefined;
  }

  async #try(): Promise<void> {
    const { clock, log, open } = this.#options;
    try {
      const listener = await open();
      if (this.#isOver) return await listener.close(0);
      this.#listener = listener;
      log.info(`answers HTTP + JSON of peers on http://${listener.address}`);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "EADDRINUSE") throw error;
      if (!this.#hasWaited) log.info("the port for HTTP + JSON of peers is taken, and tried until it is free");
      this.#hasWaited = true;
      if (!this.#isOver)
        this.#timer = clock.after(retryMs, () => void this.#try().catch(this.#complain), { unref: true });
    }
  }

  readonly #complain = (error: unknown): void => {
    this.#options.log.error("the port for HTTP + JSON of peers cannot be bound", { error });
  };
}

/** The port that `SKEIN_PEERS_HTTP` names; `undefined` where it is not set. Throws `SKEIN_CONFIG_INVALID`. */
export function doorPort(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw skeinError("SKEIN_CONFIG_INVALID", `SKEIN_PEERS_HTTP is "${text}", which is no port from 0 to 65535`);
}
