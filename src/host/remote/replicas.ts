/**
 * Owns the hosts of one group as they come and go, and the waits of calls that find none of them open. A lost one is out at
 * once and tried again later. It must never send a call twice.
 */
import { RetryBudget } from "../../core/retry.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import { Choice } from "./choice.ts";
import { HostWait, untilLed, untilStarted } from "./host-wait.ts";
import { Connector, type ConnectorOptions, freshReplica, type Replica } from "./replica.ts";

/** The supervisor finds a host that hangs by its silence as well, but not at the same moment. */
const doubtMs = 500;
/** For so long a host that had no room is taken to have none. */
const fullForMs = 250;

/** The next host of a group is on its way; or the only one hangs, and will speak again or be killed. */
export type Absence = "starting" | "silent";

/** What is said of a group beside the addresses of its hosts. */
export interface Standings {
  /** There is one address or, between two leaders, none. */
  readonly hasLeader?: boolean;
  /** Those that end when the others have proved themselves. */
  readonly leaving?: readonly string[];
  /** Why there is no address. */
  readonly absent?: Absence;
}

const absences: Readonly<Record<Absence, string>> = {
  starting: "no host of it runs, and the next one is being started",
  silent: "its host hangs: it has said nothing for more than 2 s, and is replaced if it goes on so for 10 s",
};

export class Replicas {
  readonly #clock: ConnectorOptions["clock"];
  readonly #wait: HostWait;
  readonly #connector: Connector;
  readonly #choice: Choice;
  /** What all calls of this group share: repeats. */
  readonly budget = new RetryBudget();
  #replicas: Replica[] = [];
  #hasLeader = false;
  #absent: Absence | undefined;
  #isClosed = false;

  constructor(options: ConnectorOptions) {
    this.#clock = options.clock;
    this.#wait = new HostWait(options.clock);
    this.#connector = new Connector(options, this.#wait);
    this.#choice = new Choice(options);
  }

  /**
   * The addresses from now on; what is known of those that stay, here or in `elsewhere`, is kept. One that comes to others
   * is given its share little by little, and takes that of those that leave.
   */
  update(
    addresses: readonly string[],
    { hasLeader = false, leaving = [], absent }: Standings = {},
    elsewhere: ReadonlyMap<string, Replica> = new Map(),
  ): void {
    this.#hasLeader = hasLeader;
    // Whatever was waited for before did not come; this one is on its way.
    if (absent === "starting" && this.#absent !== absent) this.#wait.begun();
    this.#absent = absent;
    const own = new Map(this.#replicas.map((replica) => [replica.address, replica] as const));
    const known = addresses.map((address) => own.get(address) ?? elsewhere.get(address));
    const youngSinceMs = known.every((one) => one === undefined) ? -Infinity : this.#clock.monotonic();
    this.#replicas = addresses.map((address, index) => known[index] ?? freshReplica(address, youngSinceMs));
    for (const replica of this.#replicas) replica.isLeaving = leaving.includes(replica.address);
    this.#choice.update(this.#replicas);
  }

  get all(): readonly Replica[] {
    return this.#replicas;
  }

  /** Where the next call goes; `undefined` while no connection is open. */
  pick(): Replica | undefined {
    let open = 0;
    for (const { connection } of this.#replicas) if (connection?.isOpen === true) open++;
    if (open < this.#replicas.length) this.#connector.reconnect(this.#replicas);
    return this.#choice.next(open);
  }

  /** The same, for a call that was sent to some: another one, where there is one. */
  pickOther(tried: readonly Replica[]): Replica | undefined {
    this.#connector.reconnect(this.#replicas);
    return this.#choice.other(tried);
  }

  /** Whether all of them have refused calls just now, so that to ask another one would only be one more that is refused. */
  isFull(nowMs: number): boolean {
    return this.#replicas.every(({ fullMs }) => nowMs - fullMs < fullForMs);
  }

  /** A call to `replica` failed, and it is the replica's failure. */
  blame(replica: Replica): void {
    this.#choice.blame(replica);
  }

  /** Its connection was lost with calls on it. */
  lost(replica: Replica): void {
    this.#choice.lost(replica);
  }

  /**
   * Waits for one to be open. Rejects with `SKEIN_TRANSPORT_UNREACHABLE` when none can be reached, and with
   * `SKEIN_LEADER_NONE` when no leader could: both after a wait for the next one, within what the call has left. Where all are
   * there and say nothing, the next one is no answer, and nobody waits for it. Nor once `isWanted` says no.
   */
  reach(timeoutMs: number | undefined, isWanted: () => boolean = () => true): Promise<Replica> {
    if (this.#isClosed) return this.#reachOne();
    const rule = this.#hasLeader ? untilLed : untilStarted;
    const passes = (cause: unknown): boolean =>
      isWanted() && rule.passes(cause) && (this.#hasLeader || !this.#isCutOff);
    return this.#wait.until({ ...rule, passes }, timeoutMs, () => this.#reachOne());
  }

  /** For so long already that hosts which hang, instead of being cut off, would have left the routes. */
  get #isCutOff(): boolean {
    const before = this.#clock.monotonic() - doubtMs;
    return this.#replicas.length > 0 && this.#replicas.every(({ silentSinceMs = Infinity }) => silentSinceMs <= before);
  }

  /** Opens what connections it can, before a call needs one; whoever does not answer is tried again by the calls. */
  async open(): Promise<void> {
    await Promise.allSettled(this.#replicas.map((replica) => this.#connector.connect(replica)));
  }

  async #reachOne(): Promise<Replica> {
    // One that has just answered may be leaving already, while others are still on their way.
    const left = new Set<Replica>();
    for (;;) {
      const answered = await this.#connectOne(left);
      const replica = this.pick();
      if (replica !== undefined) return replica;
      left.add(answered);
    }
  }

  /** The first of them that answers. Rejects with `SKEIN_TRANSPORT_UNREACHABLE`, or with what kept the first from it. */
  async #connectOne(besides: ReadonlySet<Replica>): Promise<Replica> {
    const now = this.#clock.monotonic();
    const known = this.#replicas.filter((replica) => !besides.has(replica));
    if (known.length === 0) {
      const why = this.#absent === undefined ? "no replica is known" : absences[this.#absent];
      throw skeinError("SKEIN_TRANSPORT_UNREACHABLE", besides.size === 0 ? why : undefined);
    }
    const heard = known.filter(({ silentSinceMs }) => silentSinceMs === undefined);
    if (heard.length === 0) {
      // To be told at once is worth more than to wait for a try that finds what the last one found.
      this.#connector.reconnect(this.#replicas);
      throw skeinError("SKEIN_TRANSPORT_UNREACHABLE", "no replica answers");
    }
    // Those that failed lately too when no other is left: a caller that waits is a reason to try.
    const due = heard.filter(({ notBeforeMs }) => notBeforeMs <= now);
    const tried = due.length === 0 ? heard : due;
    try {
      return await Promise.any(tried.map((replica) => this.#connector.connect(replica).then(() => replica)));
    } catch (error) {
      const [first] = (error as AggregateError).errors as unknown[];
      throw isSkeinError(first) ? first : skeinError("SKEIN_TRANSPORT_UNREACHABLE", undefined, { cause: first });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#connector.close();
    for (const { connection } of this.#replicas) connection?.close();
    this.#replicas = [];
    this.#choice.update([]);
  }
}
