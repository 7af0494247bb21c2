/**
 * Owns one lease as one process sees it: watching it, taking it, keeping it. It must never believe that it holds a lease longer
 * than its last renewal says, nor compare its clock with another's.
 */
import { assert, type Clock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { Fence, Leases, LeaseSight } from "../../system/index.ts";

/** How long a row must stay unchanged before somebody else may take the lease (LIMITS: 3 s, renewed every 1 s). */
export const leaseMs = 3_000;
/** How often a holder counts up. */
export const renewEveryMs = 1_000;
/** How often who waits looks. */
export const pollEveryMs = 250;
/** How long before its lease is over a holder stops: the time it has to end what it does. */
export const marginMs = 500;

export interface LeaseOptions {
  readonly name: string;
  /** Who holds it: another text for every process that ever tries. */
  readonly owner: string;
  readonly leases: Leases;
  readonly clock: Clock;
}

export class Lease implements Fence {
  readonly name: string;
  readonly #owner: string;
  readonly #leases: Leases;
  readonly #clock: Clock;
  #epoch: number | undefined;
  /** When the holder stops, on its monotonic clock. */
  #untilMs = 0;
  #renewedMs = 0;
  #seen: { readonly sight: LeaseSight | undefined; readonly sinceMs: number } | undefined;

  constructor({ name, owner, leases, clock }: LeaseOptions) {
    // Empty is what a released lease's row says.
    assert(name !== "" && owner !== "", "a lease has a name and an owner");
    this.name = name;
    this.#owner = owner;
    this.#leases = leases;
    this.#clock = clock;
  }

  get isHeld(): boolean {
    return this.#epoch !== undefined && this.#clock.monotonic() < this.#untilMs;
  }
  /** When it stops being held unless it is renewed, on the monotonic clock. */
  get untilMs(): number {
    return this.#untilMs;
  }
  get isDue(): boolean {
    return this.#clock.monotonic() - this.#renewedMs >= renewEveryMs;
  }

  epoch(): number {
    if (this.#epoch === undefined || !this.isHeld)
      throw skeinError("SKEIN_LEASE_LOST", undefined, { data: { name: this.name } });
    return this.#epoch;
  }

  /** Looks once; says whether it could be taken now. */
  async look(): Promise<boolean> {
    const sight = await this.#leases.look(this.name);
    // After the answer: the renewal that was seen is older than this, so whoever made it counts from earlier.
    const now = this.#clock.monotonic();
    if (this.#seen === undefined || !isSame(this.#seen.sight, sight)) this.#seen = { sight, sinceMs: now };
    // Its own name in the row is a taking whose answer was lost.
    if (sight === undefined || sight.owner === "" || sight.owner === this.#owner) return true;
    return now - this.#seen.sinceMs >= leaseMs;
  }

  /** Takes it, provided that it is still as it was looked at; only where that said that it could be taken. */
  async take(): Promise<boolean> {
    const startMs = this.#clock.monotonic();
    const epoch = await this.#leases.take(this.name, this.#owner, this.#seen?.sight);
    if (epoch === undefined) return false;
    this.#epoch = epoch;
    this.#extend(startMs);
    return this.isHeld;
  }

  /** Counts up; false when it is lost for certain. Rejects when nobody can tell, and then it is held until it runs out. */
  async renew(): Promise<boolean> {
    if (this.#epoch === undefined) return false;
    const startMs = this.#clock.monotonic();
    const isOurs = await this.#leases.renew(this.name, this.#owner, this.#epoch);
    if (isOurs) this.#extend(startMs);
    else this.#epoch = undefined;
    return this.isHeld;
  }

  /** From here on it is not held, and somebody else may take it at once. Safe to call twice. */
  async release(): Promise<void> {
    const epoch = this.#epoch;
    this.#epoch = undefined;
    if (epoch !== undefined) await this.#leases.release(this.name, this.#owner, epoch);
  }

  #extend(startMs: number): void {
    this.#renewedMs = startMs;
    this.#untilMs = startMs + leaseMs - marginMs;
  }
}

function isSame(a: LeaseSight | undefined, b: LeaseSight | undefined): boolean {
  return a?.epoch === b?.epoch && a?.beat === b?.beat && a?.owner === b?.owner;
}
