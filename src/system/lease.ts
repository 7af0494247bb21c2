/**
 * Owns the port of leases: what a database keeps of them, and what a group with one leader asks of its services' databases.
 * It must never read a clock: a lease is judged by whoever watches it (ADR 30).
 */

/** A lease's row, as it was seen. */
export interface LeaseSight {
  /** Grows with every taking. */
  readonly epoch: number;
  /** Grows with every renewal. */
  readonly beat: number;
  /** Empty when it was released. */
  readonly owner: string;
}

/** The leases of one database. Everything rejects with `SKEIN_DATA_*` when it cannot be reached in a second. */
export interface Leases {
  /** `undefined` while nobody has ever taken it. */
  look(name: string): Promise<LeaseSight | undefined>;
  /** Takes it, if it is still as it was seen; the new epoch, or `undefined` when somebody was faster. */
  take(name: string, owner: string, seen: LeaseSight | undefined): Promise<number | undefined>;
  /** False when it is somebody else's. */
  renew(name: string, owner: string, epoch: number): Promise<boolean>;
  /** Lets it go, if it is still held: the next one need not wait. */
  release(name: string, owner: string, epoch: number): Promise<void>;
}

/** What a transaction must hold when it commits. */
export interface Fence {
  readonly name: string;
  /** The epoch in which this process holds it. Throws `SKEIN_LEASE_LOST` when it does not, or cannot be sure. */
  epoch(): number;
}

/** What a service's database is told where only one host of a group may lead. */
export interface LeaderSeat {
  /** The lease of a service in one of its databases. Only before the host is open. */
  join(service: string, database: string, leases: Leases): Fence;
}
