/**
 * Owns the steps of which every change of what runs is made: new processes become ready, hosts know the routes, new ones
 * prove themselves, old ones end. It must never end a process that still has calls coming.
 */
import { sleep } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { ChangeStatus } from "./control.ts";
import type { HostTable } from "./host-table.ts";
import { isGateway, type Replica } from "./replica.ts";
import { transferDrainLimitMs } from "./settings.ts";
import type { Starter } from "./starter.ts";

/** What a change fails with whose beginning was taken back. */
export type Undone = "SKEIN_PLACE_UNDONE" | "SKEIN_ROLL_UNDONE";

/** Told of what is done, one line each. */
export type Step = (text: string) => void;

const lookMs = 50;
/** For one process; they start one after the other. */
const startLimitMs = 60_000;
const attemptsMax = 2;
/** How long hosts have to say that they know the new routes; one that hangs is judged elsewhere. */
const knownLimitMs = 2_000;
/** The watch ends what does not end by itself sooner. */
const goneLimitMs = transferDrainLimitMs + 30_000;
/**
 * Between two that end, and closer where they are many: what ten processes do last, at once, took the processors from those that serve
 * for a second.
 */
const ends = { eachMs: 250, allMs: 5_000 } as const;
/** Hosts speak every 500 ms; and how long it takes at most until one that does not is killed. */
const spokenMs = 1_000;
const spokenLimitMs = 70_000;
/** For a replacement by memory that is under way. */
const quietLimitMs = 120_000;
/** Why a change goes no further where the disk is full: hosts are told of no routes that could not be kept. */
export const unwritten = "the routes could not be written";
export class Changes {
  readonly #table: HostTable;
  readonly #starter: Starter;
  #underWay: ChangeStatus | undefined;
  readonly #over = new AbortController();

  constructor(table: HostTable, starter: Starter) {
    this.#table = table;
    this.#starter = starter;
  }

  /** What is under way goes no further; the next supervisor finishes it or takes it back. */
  close(): void {
    this.#over.abort();
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** For what a change has begun elsewhere. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The change that is under way. */
  get underWay(): ChangeStatus | undefined {
    return this.#underWay;
  }

  /** One change at a time. Throws `SKEIN_PLACE_BUSY`. */
  assertFree(): void {
    if (this.#underWay === undefined) return;
    const { what, since } = this.#underWay;
    throw skeinError("SKEIN_PLACE_BUSY", `a ${what} is under way since ${new Date(since).toISOString()}`);
  }

  async alone<T>(what: ChangeStatus["what"], change: () => Promise<T>): Promise<T> {
    this.assertFree();
    this.#underWay = { what, since: this.#table.options.clock.now() };
    try {
      return await change();
    } finally {
      this.#underWay = undefined;
    }
  }

  /** Why they cannot serve, or nothing once all of them can. */
  async started(come: readonly Replica[], step: Step): Promise<string | undefined> {
    const said = new Set<Replica>();
    let reason: string | undefined;
    await this.#until(startLimitMs * come.length, () => {
      this.#starter.next();
      for (const one of come) {
        if (one.failures >= attemptsMax) reason = `${one.id} did not start: ${one.lastError ?? "it ended at once"}`;
        if (one.state !== "ready" || said.has(one)) continue;
        said.add(one);
        // An attempt before this one is no end of what serves now.
        one.failures = 0;
        step(`${one.id} is ready (${one.services.join(", ")})`);
      }
      return reason !== undefined || said.size === come.length;
    });
    if (reason === undefined && said.size < come.length) {
      const late = come.filter((one) => !said.has(one)).map(({ id }) => id);
      return `${late.join(", ")}: not ready in time`;
    }
    return reason;
  }

  /**
   * Whether hosts were told, in one publication, so that none sees half of it; resolves when every host that speaks knows it, or
   * when the time for it is over.
   */
  async route(to: readonly Replica[], from: readonly Replica[]): Promise<boolean> {
    for (const one of to) one.isRouted = true;
    for (const one of from) one.isRouted = false;
    const { clock } = this.#table.options;
    const endMs = clock.monotonic() + knownLimitMs;
    for (;;) {
      const isTold = this.#table.publish();
      if ((isTold && this.#table.isKnown) || clock.monotonic() >= endMs) return isTold;
      await sleep(clock, lookMs);
    }
  }

  /** Why no change can begin: a place is being given to another process for its memory's sake, and still is after a while. */
  async unquiet(): Promise<string | undefined> {
    const { clock } = this.#table.options;
    const endMs = clock.monotonic() + quietLimitMs;
    while (this.#table.replicas.some(({ replaces }) => replaces !== undefined)) {
      if (this.isOver || clock.monotonic() > endMs) return "a host that has used up its memory is being replaced";
      await sleep(clock, lookMs);
    }
    return undefined;
  }

  /** What is wrong with the new ones, looked at for so long while they serve, or until that is enough. */
  async proved(
    withinMs: number,
    complaint: () => string | undefined,
    isEnough = (): boolean => false,
  ): Promise<string | undefined> {
    let reason: string | undefined;
    await this.#until(withinMs, () => (reason = complaint()) !== undefined || isEnough());
    return reason;
  }

  /** As `proved`, until what a start or first calls have cost is a small part of what the processors have to spare, or the new ones are needed. */
  async eased(
    mostMs: number,
    complaint: () => string | undefined,
    isNeeded = (): boolean => false,
  ): Promise<string | undefined> {
    const { clock } = this.#table.options;
    const sinceMs = clock.monotonic();
    const isEnough = (): boolean => isNeeded() || clock.monotonic() - sinceMs >= this.#starter.processors.restMs;
    return this.proved(mostMs, complaint, isEnough);
  }

  /** As `proved`, until each of them has spoken lately: one that hangs is killed for it, which is its end. */
  async spoken(come: readonly Replica[], complaint: () => string | undefined): Promise<string | undefined> {
    const { clock } = this.#table.options;
    const silent = (): Replica | undefined => come.find(({ heardMs }) => clock.monotonic() - heardMs > spokenMs);
    const reason = await this.proved(spokenLimitMs, complaint, () => silent() === undefined);
    return reason ?? (silent() === undefined ? undefined : `${silent()?.id} does not speak any more`);
  }

  /** Clients keep their connections to a gateway, and what is behind it: they are sent on little by little, too; 0 takes it back. */
  yield(going: readonly Replica[], withinMs: number): void {
    for (const one of going) if (isGateway(one)) this.#table.wires.get(one.id)?.say({ is: "yield", withinMs });
  }

  /** After what they have in flight. */
  async ended(going: readonly Replica[]): Promise<void> {
    const { clock } = this.#table.options;
    const apartMs = Math.min(ends.eachMs, ends.allMs / going.length);
    let told = 0;
    // All of them first: what is forgotten makes room for the next start, which must not be one of these.
    for (const one of going) one.isGoing = true;
    for (const one of going) {
      if (one.identity === undefined) this.#starter.forget(one);
      // Nobody leads until a leader has ended.
      else this.#starter.drain(one, true, one.isSingleton ? 0 : told++ * apartMs);
    }
    const endMs = clock.monotonic() + goneLimitMs;
    while (this.#table.replicas.some((one) => going.includes(one)) && clock.monotonic() < endMs) {
      if (this.isOver) return;
      await sleep(clock, lookMs);
    }
  }

  /** Looks again and again, until it is so or the time is over. Throws `SKEIN_PLACE_UNDONE` or `_ROLL_UNDONE` when the system is being stopped. */
  async #until(limitMs: number, look: () => boolean): Promise<void> {
    const { clock } = this.#table.options;
    const endMs = clock.monotonic() + limitMs;
    for (;;) {
      if (this.isOver) {
        const code = this.#underWay?.what === "roll" ? "SKEIN_ROLL_UNDONE" : "SKEIN_PLACE_UNDONE";
        throw skeinError(code, "the system is being stopped");
      }
      if (look() || clock.monotonic() > endMs) return;
      await sleep(clock, lookMs);
    }
  }
}

/** New hosts do not end. */
export function endOf(come: readonly Replica[]): string | undefined {
  const ended = come.find(({ failures }) => failures > 0);
  return ended === undefined
    ? undefined
    : `${ended.id} ended while it served: ${ended.lastError ?? "no reason was given"}`;
}

/** Old and new processes run side by side: that must fit into what is free. What is wrong with it, if anything. */
export function lackOfRoom(needs: number): string | undefined {
  const free = process.availableMemory();
  if (needs <= free) return undefined;
  const [wanted, has] = [needs, free].map((bytes) => Math.round(bytes / 2 ** 20));
  return `the new processes need about ${wanted} MiB beside the old ones, and ${has} MiB are free`;
}
