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

/** @since 0.1.0 */
export class Leader implements Leadership {
  readonly #options: LeaderOptions;
  readonly #owner: string;
  readonly #leases: Lease[] = [];
  #state: "standby" | "leading" | "over" = "standby";
  #timer: Timer | undefined;
  #guard: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  #hasComplained = false;
  #hooks: { readonly lead: () => void; readonly lose: () => void } | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#owner = createId(options.random);
  }

  // By the clock, and not by what was heard last: a process that was stopped has heard nothing.
  get isLeading(): boolean {
    return this.#state === "leading" && this.#leases.every(({ isHeld }) => isHeld);
  }

  join(service: string, database: string, leases: Leases): Fence {
    assert(this.#hooks === undefined, "a leader's leases are known before it runs");
    const name = `leader:${service}/${database}`;
    // A service may have one database under two names of its own.
    const known = this.#leases.find((lease) => lease.name === name);
    if (known !== undefined) return known;
    const lease = new Lease({ name, owner: this.#owner, leases, clock: this.#options.clock });
    this.#leases.push(lease);
    return lease;
  }

  async joinFile(context: OpenContext): Promise<Opened> {
    return (await import("#engines")).openLeaseFile({ ...context, leader: this });
  }

  run(lead: () => void, lose: () => void): void {
    assert(this.#leases.length > 0, "a leader holds at least one lease");
    this.#hooks = { lead, lose };
    // The same order in every process: two that each keep what the other needs would wait for ever.
    this.#leases.sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#look();
  }

  async close(): Promise<void> {
    this.#end();
    await this.#turn;
    for (const lease of this.#leases.toReversed()) await lease.release().catch(this.#complain);
  }

  readonly #look = (): void => {
    this.#turn = this.#step()
      .then(() => (this.#hasComplained = false))
      .catch(this.#complain)
      .then(() => {
        if (this.#state === "over") return;
        const pauseMs = this.#leases.some(({ isHeld, isDue }) => !isHeld || isDue) ? pollEveryMs : renewEveryMs;
        this.#timer = this.#options.clock.after(pauseMs, this.#look, { unref: true });
      });
  };

  async #step(): Promise<void> {
    if (this.#state === "leading") {
      const kept = await Promise.all(this.#leases.map((lease) => lease.renew()));
      if (kept.every(Boolean)) this.#guardUntilEnd();
      else this.#lose();
      return;
    }
    // All are watched from the beginning, or the next would count its three seconds after the last one's.
    const ours = await Promise.all(
      this.#leases.map(async (lease) => (lease.isHeld ? !lease.isDue || lease.renew() : lease.look())),
    );
    for (const [index, lease] of this.#leases.entries())
      if (ours[index] !== true || !(lease.isHeld || (await lease.take()))) return;
    this.#lead();
  }

  #lead(): void {
    const [first] = this.#leases;
    // One may have run out while the last one was taken.
    if (this.#state !== "standby" || first === undefined || !this.#leases.every(({ isHeld }) => isHeld)) return;
    this.#state = "leading";
    this.#guardUntilEnd();
    this.#hooks?.lead();
    this.#options.onLead(first.epoch());
  }

  #guardUntilEnd(): void {
    const { clock } = this.#options;
    this.#guard?.cancel();
    if (this.#state !== "leading") return;
    const endMs = Math.min(...this.#leases.map(({ untilMs }) => untilMs));
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
