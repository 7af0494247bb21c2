/**
 * Owns whether this process leads its group: it does while it holds every lease of the group's services. It must never lead
 * again once it has lost one: what it believes is from before, and a fresh process believes nothing.
 */
import { assert, type Clock, createId, type Random, type Timer } from "../../core/index.ts";
import type { Fence, Leadership, Leases, Log, OpenContext, Opened } from "../../system/index.ts";
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

/** @since 0.1.0 */
export class Leader implements Leadership {
  readonly #options: LeaderOptions;
  readonly #owner: string;
  #seats: Seat[] = [];
  #state: "standby" | "leading" | "over" = "standby";
  #timer: Timer | undefined;
  #guard: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isRunning = false;
  #hasComplained = false;
  #hooks: { readonly lead: () => void; readonly lose: () => void } | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#owner = createId(options.random);
  }

  // By the clock, and not by what was heard last: a process that was stopped has heard nothing.
  get isLeading(): boolean {
    return this.#state === "leading" && this.#seats.every(({ lease }) => lease.isHeld);
  }

  join(service: string, place: string, leases: Leases): Fence {
    assert(!this.#isRunning, "a leader's leases are known before it runs");
    const lease = new Lease({ name: `leader:${service}`, owner: this.#owner, leases, clock: this.#options.clock });
    this.#seats.push({ order: `${place}\u0000${service}`, lease });
    return lease;
  }

  async joinFile(context: OpenContext): Promise<Opened> {
    return (await import("#engines")).openLeaseFile({ ...context, leader: this });
  }

  run(lead: () => void, lose: () => void): void {
    this.#hooks = { lead, lose };
    assert(this.#seats.length > 0, "a leader holds at least one lease");
    this.#isRunning = true;
    // The same order in every process: two that each keep what the other needs would wait for ever.
    this.#seats = this.#seats.toSorted((a, b) => (a.order < b.order ? -1 : 1));
    this.#look();
  }

  async close(): Promise<void> {
    this.#end();
    await this.#turn;
    for (const { lease } of this.#seats.toReversed()) await lease.release().catch(this.#complain);
  }

  readonly #look = (): void => {
    this.#turn = this.#step()
      .then(() => (this.#hasComplained = false))
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
    // All are watched from the beginning, or the next would count its three seconds after the last one's.
    const ours = await Promise.all(
      this.#seats.map(async ({ lease }) => (lease.isHeld ? !lease.isDue || lease.renew() : lease.look())),
    );
    for (const [index, { lease }] of this.#seats.entries())
      if (ours[index] !== true || !(lease.isHeld || (await lease.take()))) return;
    this.#lead();
  }

  #lead(): void {
    const [first] = this.#seats;
    // One may have run out while the last one was taken.
    if (this.#state !== "standby" || first === undefined || !this.#seats.every(({ lease }) => lease.isHeld)) return;
    this.#state = "leading";
    this.#guardUntilEnd();
    this.#hooks?.lead();
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
    this.#hooks?.lose();
    this.#options.onLost();
  }

  #end(): void {
    this.#state = "over";
    this.#timer?.cancel();
    this.#guard?.cancel();
  }

  readonly #complain = (error: unknown): void => {
    // Four times a second otherwise, for as long as a database is away.
    if (!this.#hasComplained) this.#options.log.warn("a lease could not be looked at", { error });
    this.#hasComplained = true;
  };
}
