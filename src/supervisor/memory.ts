/**
 * Owns replacing hosts that have used up their memory, before the system ends them: a replacement is ready before the old
 * one is told to end, and one place at a time is in such a change. It must never end what nothing replaces below 95 %.
 */
import type { HostTable } from "./host-table.ts";
import { isNearLimit, replacementOf, type Replica } from "./replica.ts";
import type { Starter } from "./starter.ts";

/** Here it is told to end in any case: with its calls finished it is better off than killed. */
const endAt = 0.95;

export class Memory {
  readonly #table: HostTable;
  readonly #starter: Starter;

  constructor(table: HostTable, starter: Starter) {
    this.#table = table;
    this.#starter = starter;
  }

  /** Of a host that is ready. */
  look(one: Replica): void {
    if (one.replaces?.state === "ready" && !one.isProving) this.#starter.drain(one.replaces);
    if (one.memory === undefined || !isNearLimit(one)) return;
    if (one.rss >= one.memory * endAt) {
      this.#say(one, "is ended");
      // Its place is taken when it has ended.
      return this.#starter.drain(one, false);
    }
    if (this.#table.isMoving || this.#table.replicas.some(({ replaces }) => replaces !== undefined)) return;
    this.#say(one, "is replaced");
    this.#table.replicas.push(replacementOf(one));
    this.#starter.next();
  }

  #say(one: Replica, what: string): void {
    const [has, may] = [one.rss, one.memory ?? 0].map((bytes) => Math.round(bytes / 2 ** 20));
    this.#table.options.log.warn(`${one.id} has ${has} of ${may} MiB and ${what}`);
  }
}
