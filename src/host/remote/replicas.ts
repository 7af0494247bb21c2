/**
 * Owns the connections to the replicas of one group: which are there, and which of them the next call goes to. A lost one
 * is out at once and tried again later. It must never send a call twice.
 */
import { AssertionFailed, type Clock, type Random } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import { isPanic, mayEject, Standing } from "../../call/index.ts";
import { RetryBudget } from "../../core/retry.ts";
import type { Connection } from "../../transport/index.ts";
import { HostWait, untilLed, untilStarted, type WaitRule } from "./host-wait.ts";

/** First pause after a connection that could not be made, doubled up to the longest: as long as a healed network goes unnoticed. */
const pause = { firstMs: 100, longestMs: 2_000 } as const;
/**
 * A process that has just started is slow at first, and what compiles its code is not there for others: its share of the calls
 * grows for so long, from this. Longer where others stay until it has grown (`mover.ts`): nobody has more to do meanwhile.
 */
const ramp = { usualMs: 5_000, besideLeavingMs: 15_000, from: 0.05 } as const;
/** One that is to end when others have its place is asked the less the more these have grown, down to this. */
const leavingShare = 0.1;
/** A try that took so long was answered by nobody, not even with a refusal. */
const unansweredMs = 900;
/** The supervisor finds a host that hangs by its silence as well, but not at the same moment. */
const doubtMs = 500;
/** For so long a host that had no room is taken to have none. */
const fullForMs = 250;

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

export interface ReplicasOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: (address: string) => Promise<Connection>;
}

export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #wait: HostWait;
  /** What all calls of this group share: repeats. */
  readonly budget = new RetryBudget();
  #replicas: Replica[] = [];
  /** Until then one of them may be left out, on the monotonic clock. */
  #outUntilMs = 0;
  /** Until then one of them may be young, or is about to leave. */
  #rampUntilMs = 0;
  #rampMs: number = ramp.usualMs;
  #hasLeader = false;
  #absent: Absence | undefined;
  #isClosed = false;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#wait = new HostWait(options.clock);
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
    const youngSinceMs = known.every((one) => one === undefined) ? -Infinity : this.#options.clock.monotonic();
    this.#replicas = addresses.map((address, index) => known[index] ?? fresh(address, youngSinceMs));
    for (const replica of this.#replicas) replica.isLeaving = leaving.includes(replica.address);
    this.#rampMs = leaving.length > 0 ? ramp.besideLeavingMs : ramp.usualMs;
    const grown = this.#replicas.map(({ youngSinceMs }) => youngSinceMs + this.#rampMs);
    this.#rampUntilMs = leaving.length > 0 ? Infinity : Math.max(0, ...grown);
  }

  get all(): readonly Replica[] {
    return this.#replicas;
  }

  /**
   * Where the next call goes: of two open connections taken by chance the one with fewer calls under way (the power of two
   * choices: Mitzenmacher, 2001). `undefined` while none is open.
   */
  pick(): Replica | undefined {
    let open = 0;
    for (const { connection } of this.#replicas) if (connection?.isOpen === true) open++;
    if (open < this.#replicas.length) this.#reconnect();
    if (open === 0) return undefined;
    if (open === 1) return this.#open(0);
    if (this.#outUntilMs > 0 || this.#rampUntilMs > 0) return this.#chooseGrown(this.#usable());
    const first = this.#options.random.int(open);
    return lighter(this.#open(first), this.#open(this.#besides(first, open)));
  }

  /** The same, for a call that was sent to some: another one, where there is one. */
  pickOther(tried: readonly Replica[]): Replica | undefined {
    this.#reconnect();
    const usable = this.#usable();
    const others = usable.filter((replica) => !tried.includes(replica));
    return this.#choose(others.length > 0 ? others : usable);
  }

  /** Whether all of them have refused calls just now, so that to ask another one would only be one more that is refused. */
  isFull(nowMs: number): boolean {
    return this.#replicas.every(({ fullMs }) => nowMs - fullMs < fullForMs);
  }

  /** A call to `replica` failed, and it is the replica's failure. */
  blame(replica: Replica): void {
    const own = answersOf(replica);
    let others = -own;
    for (const one of this.#replicas) others += answersOf(one);
    if (replica.standing.failed(own, others)) this.#eject(replica);
  }

  /** Its connection was lost with calls on it. */
  lost(replica: Replica): void {
    if (!replica.standing.isOut(this.#options.clock.monotonic())) this.#eject(replica);
  }

  #eject(replica: Replica): void {
    const now = this.#options.clock.monotonic();
    const out = this.#replicas.filter(({ standing }) => standing.isOut(now)).length;
    if (!mayEject(this.#replicas.length, out)) return;
    replica.standing.eject(now);
    this.#outUntilMs = Math.max(this.#outUntilMs, replica.standing.untilMs);
  }

  /** Those that are open and not left out, or all that are open where these are too few. */
  #usable(): readonly Replica[] {
    const now = this.#options.clock.monotonic();
    if (now >= this.#outUntilMs) this.#outUntilMs = 0;
    const open = this.#replicas.filter(({ connection }) => connection?.isOpen === true);
    const usable = open.filter(({ standing }) => !standing.isOut(now));
    return isPanic(this.#replicas.length, usable.length) ? open : usable;
  }

  /**
   * One of those, of which a young one is asked with the chance that it has come to by now (as with Envoy's slow start), one
   * that leaves with what the youngest has not come to, and either in any case where another one has so many more calls: that
   * one may hang.
   */
  #chooseGrown(among: readonly Replica[]): Replica | undefined {
    const { clock, random } = this.#options;
    const now = clock.monotonic();
    if (now >= this.#rampUntilMs) this.#rampUntilMs = 0;
    if (this.#rampUntilMs === 0) return this.#choose(among);
    const ageOf = ({ youngSinceMs }: Replica): number =>
      Math.min(1, Math.max(ramp.from, (now - youngSinceMs) / this.#rampMs));
    const staying = among.filter(({ isLeaving }) => !isLeaving);
    const left = staying.length === 0 ? 1 : Math.max(leavingShare, 1 - Math.min(...staying.map(ageOf)));
    const shareOf = (replica: Replica): number => (replica.isLeaving ? left : ageOf(replica));
    const grown = among.filter((replica) => random.float() < shareOf(replica));
    const chosen = this.#choose(grown.length === 0 ? among : grown);
    const spared = among.find(
      (replica) =>
        chosen !== undefined && loadOf(replica) / shareOf(replica) < loadOf(chosen) && !grown.includes(replica),
    );
    return spared ?? chosen;
  }

  #choose(among: readonly Replica[]): Replica | undefined {
    if (among.length < 2) return among[0];
    const first = this.#options.random.int(among.length);
    return lighter(among[first] as Replica, among[this.#besides(first, among.length)] as Replica);
  }

  /** Another one of so many: compared with itself, one that hangs would still be chosen. */
  #besides(first: number, count: number): number {
    const second = this.#options.random.int(count - 1);
    return second < first ? second : second + 1;
  }

  /** The nth open one, from 0. No list of them is made: this is on the way of every call. */
  #open(nth: number): Replica {
    let left = nth;
    for (const replica of this.#replicas) if (replica.connection?.isOpen === true && left-- === 0) return replica;
    throw new AssertionFailed("as many were counted");
  }

  /**
   * Waits for one to be open. Rejects with `SKEIN_TRANSPORT_UNREACHABLE` when none can be reached, and with
   * `SKEIN_LEADER_NONE` when no leader could: both after a wait for the next one, within what the call has left. Where all are
   * there and say nothing, the next one is no answer, and nobody waits for it.
   */
  reach(timeoutMs: number | undefined): Promise<Replica> {
    if (this.#isClosed) return this.#reachOne();
    const rule = this.#hasLeader ? untilLed : this.#untilStarted;
    return this.#wait.until(rule, timeoutMs, () => this.#reachOne());
  }

  readonly #untilStarted: WaitRule = {
    ...untilStarted,
    passes: (cause) => !this.#isCutOff && untilStarted.passes(cause),
  };

  /** For so long already that hosts which hang, instead of being cut off, would have left the routes. */
  get #isCutOff(): boolean {
    const before = this.#options.clock.monotonic() - doubtMs;
    return this.#replicas.length > 0 && this.#replicas.every(({ silentSinceMs = Infinity }) => silentSinceMs <= before);
  }

  /** Opens what connections it can, before a call needs one; whoever does not answer is tried again by the calls. */
  async open(): Promise<void> {
    await Promise.allSettled(this.#replicas.map((replica) => this.#connect(replica)));
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
    const now = this.#options.clock.monotonic();
    const known = this.#replicas.filter((replica) => !besides.has(replica));
    if (known.length === 0) {
      const why = this.#absent === undefined ? "no replica is known" : absences[this.#absent];
      throw skeinError("SKEIN_TRANSPORT_UNREACHABLE", besides.size === 0 ? why : undefined);
    }
    const heard = known.filter(({ silentSinceMs }) => silentSinceMs === undefined);
    if (heard.length === 0) {
      // To be told at once is worth more than to wait for a try that finds what the last one found.
      this.#reconnect();
      throw skeinError("SKEIN_TRANSPORT_UNREACHABLE", "no replica answers");
    }
    // Those that failed lately too when no other is left: a caller that waits is a reason to try.
    const due = heard.filter(({ notBeforeMs }) => notBeforeMs <= now);
    const tried = due.length === 0 ? heard : due;
    try {
      return await Promise.any(tried.map((replica) => this.#connect(replica).then(() => replica)));
    } catch (error) {
      const [first] = (error as AggregateError).errors as unknown[];
      throw isSkeinError(first) ? first : skeinError("SKEIN_TRANSPORT_UNREACHABLE", undefined, { cause: first });
    }
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
    const startMs = clock.monotonic();
    try {
      const connection = await connect(replica.address);
      if (this.#isClosed) connection.close();
      replica.connection = connection;
      replica.failures = 0;
      replica.silentSinceMs = undefined;
      const openedMs = clock.monotonic();
      void connection.closed.then(() => {
        // It may have been made behind the calls' backs, after a partition, and found by calls that had no need to wait. One
        // that was leaving when it was made was no host.
        if (connection.answered > 0 || clock.monotonic() - openedMs >= untilStarted.msMax) this.#wait.found();
        replica.answered += connection.answered;
        if (replica.connection !== connection) return;
        if (connection.isSilent) replica.silentSinceMs ??= clock.monotonic();
        replica.connection = undefined;
      });
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
}

function fresh(address: string, youngSinceMs: number): Replica {
  const standing = new Standing();
  return {
    address,
    standing,
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

function lighter(first: Replica, second: Replica): Replica {
  return (second.connection?.inFlight ?? 0) < (first.connection?.inFlight ?? 0) ? second : first;
}

/** With the call that is to be sent. */
function loadOf({ connection }: Replica): number {
  return (connection?.inFlight ?? 0) + 1;
}

function answersOf({ answered, connection }: Replica): number {
  return answered + (connection?.answered ?? 0);
}

/** The calls it has are finished where they began. */
export async function endWhenIdle({ connection, connecting }: Replica): Promise<void> {
  const one = connection ?? (await connecting?.catch(() => undefined));
  if (one === undefined) return;
  one.retire();
}
