/**
 * Owns what callers know of one host of a group, and the connection to it: one at a time, made again at the earliest after a
 * pause. It must never know of other hosts.
 */
import type { Clock, Random } from "../../core/index.ts";
import { Standing } from "../../call/index.ts";
import type { Connection } from "../../transport/index.ts";
import { type HostWait, untilStarted } from "./host-wait.ts";

/** First pause after a connection that could not be made, doubled up to the longest: as long as a healed network goes unnoticed. */
const pause = { firstMs: 100, longestMs: 2_000 } as const;
/** A try that took so long was answered by nobody, not even with a refusal. */
const unansweredMs = 900;

/** One host of a group, as its callers know it. */
export interface Replica {
  readonly address: string;
  readonly standing: Standing;
  /** Answers that were no failures, but for those of the connection that is open. */
  answered: number;
  connection: Connection | undefined;
  connecting: Promise<Connection> | undefined;
  failures: number;
  /** Since when its last connection, or each try after it, has ended in silence, on the monotonic clock: whoever waits for the next one waits for nothing, most likely. */
  silentSinceMs: number | undefined;
  /** When it last had no room for a call, on the monotonic clock. */
  fullMs: number;
  /** Not tried again before, on the monotonic clock. */
  notBeforeMs: number;
  /** Since when its share grows; long ago for those that were there at first. */
  youngSinceMs: number;
  /** Others are to have its place. */
  isLeaving: boolean;
}

export function freshReplica(address: string, youngSinceMs: number): Replica {
  return {
    address,
    standing: new Standing(),
    answered: 0,
    connection: undefined,
    connecting: undefined,
    failures: 0,
    silentSinceMs: undefined,
    fullMs: Number.NEGATIVE_INFINITY,
    notBeforeMs: 0,
    youngSinceMs,
    isLeaving: false,
  };
}

export interface ConnectorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: (address: string) => Promise<Connection>;
}

/** Connects to the hosts of one group. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #wait: HostWait;
  #isClosed = false;

  /** `wait` is told of connections that show that the next host is there. */
  constructor(options: ConnectorOptions, wait: HostWait) {
    this.#options = options;
    this.#wait = wait;
  }

  /** What is under way from now on is closed as soon as it is made. */
  close(): void {
    this.#isClosed = true;
  }

  connect(replica: Replica): Promise<Connection> {
    if (replica.connection?.isOpen === true) return Promise.resolve(replica.connection);
    return (replica.connecting ??= this.#establish(replica).finally(() => (replica.connecting = undefined)));
  }

  /** To those that have none and whose pause is over; nobody waits for it. */
  reconnect(replicas: readonly Replica[]): void {
    const now = this.#options.clock.monotonic();
    for (const replica of replicas) {
      if (replica.connection?.isOpen === true || replica.notBeforeMs > now) continue;
      void this.connect(replica).catch(() => undefined);
    }
  }

  async #establish(replica: Replica): Promise<Connection> {
    const { clock, random, connect } = this.#options;
    const startMs = clock.monotonic();
    try {
      const connection = await connect(replica.address);
      if (this.#isClosed) connection.close();
      replica.connection = connection;
      replica.failures = 0;
      replica.silentSinceMs = undefined;
      const openedMs = clock.monotonic();
      void connection.closed.then(() => this.#lost(replica, connection, openedMs));
      return connection;
    } catch (error) {
      const limitMs = Math.min(pause.longestMs, pause.firstMs * 2 ** replica.failures++);
      const now = clock.monotonic();
      replica.notBeforeMs = now + random.float() * limitMs;
      // A refusal is an answer.
      replica.silentSinceMs = now - startMs >= unansweredMs ? (replica.silentSinceMs ?? now) : undefined;
      throw error;
    }
  }

  #lost(replica: Replica, connection: Connection, openedMs: number): void {
    const now = this.#options.clock.monotonic();
    // It may have been made behind the calls' backs, after a partition, and found by calls that had no need to wait. One
    // that was leaving when it was made was no host.
    if (connection.answered > 0 || now - openedMs >= untilStarted.msMax) this.#wait.found();
    replica.answered += connection.answered;
    if (replica.connection !== connection) return;
    if (connection.isSilent) replica.silentSinceMs ??= now;
    replica.connection = undefined;
  }
}

/** The calls it has are finished where they began. */
export async function endWhenIdle({ connection, connecting }: Replica): Promise<void> {
  const one = connection ?? (await connecting?.catch(() => undefined));
  if (one === undefined) return;
  one.retire();
}
