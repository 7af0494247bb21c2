/**
 * Owns whether this process leads its group: it does while it holds every lease of the group's services. It must never lead
 * again once it has lost one: what it believes is from before, and a fresh process believes nothing.
 */
import { assert, type Clock, createId, type Random, type Timer } from "../../core/index.ts";
import type { Fence, LeaderSeat, Leases, Log, OpenContext, Opened } from "../../system/index.ts";
import { Lease, pollEveryMs, renewEveryMs } from "./lease.ts";

export interface LeaderOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** From now on this process leads, in this epoch; later leaders of the group have greater ones. Called once at most. */
  readonly onLead: (epoch: number) => void;
  /** It led, and does not any more: half a second is left to end what it does. Called once at most. */
  readonly onLost: () => void;
}

interface Seat {
  readonly order: string;
  readonly lease: Lease;
}

/** The lease of a service without a database, in a file of the state directory; to be closed when the leader is. */
export async function openLeaseFile(context: OpenContext): Promise<Opened> {
  return (await import("#engines")).openLeaseFile(context);
}

export class Leader implements LeaderSeat {
  readonly #options: LeaderOptions;
  readonly #owner: string;
  #seats: Seat[] = [];
  #state: "standby" | "leading" | "over" = "standby";
  #timer: Timer | undefined;
  #guard: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#owner = createId(options.random);
  }

  /** By the clock, and not by what was heard last: a process that was stopped has heard nothing. */
  get isLeading(): boolean {
    return this.#state === "leading" && this.#seats.every(({ lease }) => lease.isHeld);
  }

  join(service: string, place: string, leases: Leases): Fence {
    assert(!this.#isRunning, "a leader's leases are known before it runs");
    const lease = new Lease({ name: `leader:${service}`, owner: this.#owner, leases, clock: this.#options.clock });
    this.#seats.push({ order: `${place}\u0000${service}`, lease });
    return lease;
  }

  /** Tries to lead from now on. */
  run(): void {
    assert(this.#seats.length > 0, "a leader holds at least one lease");
    this.#isRunning = true;
    // The same order in every process: two that each keep what the other needs would wait for ever.
    this.#seats = this.#seats.toSorted((a, b) => (a.order < b.order ? -1 : 1));
    this.#look();
  }

  /** Lets go of what it holds, so that another one leads at once. Its calls must be over. Safe to call twice. */
  async close(): Promise<void> {
    this.#end();
    await this.#turn;
    for (const { lease } of this.#seats.toReversed()) await lease.release().catch(this.#complain);
  }

  readonly #look = (): void => {
    this.#turn = this.#step()
      .catch(this.#complain)
      .then(() => {
        if (this.#state === "over") return;
        const pauseMs = this.#seats.some(({ lease }) => !lease.isHeld || lease.isDue) ? pollEveryMs : renewEveryMs;
        this.#timer = this.#options.clock.after(pauseMs, this.#look, { unref: true });
      });
  };

  async #step(): Promise<void> {
    if (this.#state === "leading") {
      const kept = await Promise.all(this.#seats.map(({ lease }) => lease.renew()));
      if (kept.every(Boolean)) this.#guardUntilEnd();
      else this.#lose();
      return;
    }
    for (const { lease } of this.#seats) {
      if (lease.isHeld && !lease.isDue) continue;
      if (lease.isHeld ? await lease.renew() : await lease.acquire()) continue;
      return;
    }
    this.#lead();
  }

  #lead(): void {
    const [first] = this.#seats;
    // One may have run out while the last one was taken.
    if (this.#state !== "standby" || first === undefined || !this.#seats.every(({ lease }) => lease.isHeld)) return;
    this.#state = "leading";
    this.#guardUntilEnd();
    this.#options.onLead(first.lease.epoch());
  }

  #guardUntilEnd(): void {
    const { clock } = this.#options;
    this.#guard?.cancel();
    if (this.#state !== "leading") return;
    const endMs = Math.min(...this.#seats.map(({ lease }) => lease.untilMs));
    this.#guard = clock.after(Math.max(0, endMs - clock.monotonic()), () => this.#lose(), { unref: true });
  }

  #lose(): void {
    if (this.#state !== "leading") return;
    this.#end();
    this.#options.onLost();
  }

  #end(): void {
    this.#state = "over";
    this.#timer?.cancel();
    this.#guard?.cancel();
  }

  readonly #complain = (error: unknown): void => {
    this.#options.log.warn("a lease could not be looked at", { error });
  };
}
