/** Owns the port of who leads, as a host asks for it. It must never know what a lease is kept in. */
import type { LeaderSeat } from "./lease.ts";
import type { OpenContext, Opened } from "./owned.ts";

/** One process's part in the election of its group's leader. */
export interface Leadership extends LeaderSeat {
  /** Judged at this moment: a process that was stopped does not lead when it wakes. */
  readonly isLeading: boolean;
  /** Keeps the lease of a service that has no database; to be closed after the leadership. */
  joinFile(context: OpenContext): Promise<Opened>;
  /** Tries to lead from now on. Each is called once at most: `lead`, and after that `lose`. */
  run(lead: () => void, lose: () => void): void;
  /** Lets the next one lead. Calls must be over, and databases open. Safe to call twice. */
  close(): Promise<void>;
}
