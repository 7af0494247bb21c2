/**
 * Owns the connections to the replicas of one group: which are there, and which of them the next call goes to. A lost one
 * is out at once and tried again later. It must never send a call twice.
 */
import { AssertionFailed, type Clock, type Random } from "../../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import type { Connection } from "../../transport/index.ts";
import { LeaderWait } from "./leader-wait.ts";

/** First pause after a connection that could not be made, doubled up to the longest. */
const pause = { firstMs: 100, longestMs: 5_000 } as const;

interface Replica {
  readonly address: string;
  connection: Connection | undefined;
  connecting: Promise<Connection> | undefined;
  failures: number;
  /** Not tried again before, on the monotonic clock. */
  notBeforeMs: number;
  lastError: SkeinError | undefined;
}

export interface ReplicasOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: (address: string) => Promise<Connection>;
}

export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #wait: LeaderWait;
  #replicas: Replica[] = [];
  #hasLeader = false;
  #isClosed = false;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#wait = new LeaderWait(options.clock);
  }

  /**
   * The addresses from now on; what is known of those that stay is kept, connections to others end once they are idle. With
   * `hasLeader` there is one or, between two leaders, none.
   */
  update(addresses: readonly string[], hasLeader = false): void {
    this.#hasLeader = hasLeader;
    const known = new Map(this.#replicas.map((replica) => [replica.address, replica] as const));
    this.#replicas = addresses.map((address) => known.get(address) ?? fresh(address));
    for (const [address, replica] of known) if (!addresses.includes(address)) void endWhenIdle(replica);
  }

  /**
   * Where the next call goes: of two open connections taken by chance the one with fewer calls under way (the power of two
   * choices: Mitzenmacher, 2001). `undefined` while none is open.
   */
  pick(): Connection | undefined {
    let open = 0;
    for (const { connection } of this.#replicas) if (connection?.isOpen === true) open++;
    if (open < this.#replicas.length) this.#reconnect();
    if (open === 0) return undefined;
    if (open === 1) return this.#open(0);
    const { random } = this.#options;
    const first = this.#open(random.int(open));
    const second = this.#open(random.int(open));
    return second.inFlight < first.inFlight ? second : first;
  }

  /** The nth open connection, from 0. No list of them is made: this is on the way of every call. */
  #open(nth: number): Connection {
    let left = nth;
    for (const { connection } of this.#replicas) if (connection?.isOpen === true && left-- === 0) return connection;
    throw new AssertionFailed("as many were counted");
  }

  /**
   * Waits for one to be open. Rejects with `SKEIN_TRANSPORT_UNREACHABLE` when none can be reached, and with
   * `SKEIN_LEADER_NONE` when no leader could within what the call has left.
   */
  reach(timeoutMs: number | undefined): Promise<Connection> {
    return this.#hasLeader ? this.#wait.until(timeoutMs, () => this.#reachOne()) : this.#reachOne();
  }

  async #reachOne(): Promise<Connection> {
    if (this.#replicas.length === 0) throw skeinError("SKEIN_TRANSPORT_UNREACHABLE", "no replica is known");
    const now = this.#options.clock.monotonic();
    // Those that failed lately too when no other is left: a caller that waits is a reason to try.
    const due = this.#replicas.filter(({ notBeforeMs }) => notBeforeMs <= now);
    const tried = due.length === 0 ? this.#replicas : due;
    try {
      await Promise.any(tried.map((replica) => this.#connect(replica)));
    } catch (error) {
      const [first] = (error as AggregateError).errors as unknown[];
      throw isSkeinError(first) ? first : skeinError("SKEIN_TRANSPORT_UNREACHABLE", undefined, { cause: first });
    }
    const connection = this.pick();
    if (connection === undefined) throw skeinError("SKEIN_TRANSPORT_UNREACHABLE");
    return connection;
  }

  close(): void {
    this.#isClosed = true;
    for (const { connection } of this.#replicas) connection?.close();
    this.#replicas = [];
  }

  #reconnect(): void {
    const now = this.#options.clock.monotonic();
    for (const replica of this.#replicas) {
      if (replica.connection?.isOpen === true || replica.notBeforeMs > now) continue;
      void this.#connect(replica).catch(() => undefined);
    }
  }

  #connect(replica: Replica): Promise<Connection> {
    if (replica.connection?.isOpen === true) return Promise.resolve(replica.connection);
    return (replica.connecting ??= this.#establish(replica).finally(() => (replica.connecting = undefined)));
  }

  async #establish(replica: Replica): Promise<Connection> {
    const { clock, random, connect } = this.#options;
    try {
      const connection = await connect(replica.address);
      if (this.#isClosed) connection.close();
      replica.connection = connection;
      replica.failures = 0;
      void connection.closed.then(() => {
        if (replica.connection === connection) replica.connection = undefined;
      });
      return connection;
    } catch (error) {
      const limitMs = Math.min(pause.longestMs, pause.firstMs * 2 ** replica.failures++);
      replica.notBeforeMs = clock.monotonic() + random.float() * limitMs;
      throw error;
    }
  }
}

function fresh(address: string): Replica {
  return { address, connection: undefined, connecting: undefined, failures: 0, notBeforeMs: 0, lastError: undefined };
}

/** The calls it has are finished where they began. */
async function endWhenIdle({ connection, connecting }: Replica): Promise<void> {
  const one = connection ?? (await connecting?.catch(() => undefined));
  if (one === undefined) return;
  one.retire();
}
