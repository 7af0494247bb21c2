/**
 * Owns changing the placement of a running system: new processes start, routes change at one moment, old ones drain; and
 * the way back where the new ones do not serve. It must never end a process before its calls go elsewhere.
 */
import { sleep } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import {
  describeMove,
  type GroupStep,
  type Move,
  type Placement,
  planMove,
  readPlacement,
  toPlacementValue,
  withService,
} from "../system/index.ts";
import type { Wish } from "./control.ts";
import type { HostTable } from "./host-table.ts";
import { newcomersOf, type Replica, sameServices } from "./replica.ts";
import type { Starter } from "./starter.ts";

const lookMs = 50;
/** For one process; they start one after the other. */
const startLimitMs = 60_000;
const attemptsMax = 2;
/** How long the new ones serve before the old ones end. */
const proofMs = 5_000;
/** How long hosts have to say that they know the new routes; one that hangs is judged elsewhere. */
const knownLimitMs = 2_000;
const drainLimitMs = 60_000;
/** New hosts are worse when at least so many calls failed, and so much more of them than at the old ones. */
const worse = { failedMin: 5, share: 0.01 } as const;

export class Mover {
  readonly #table: HostTable;
  readonly #starter: Starter;
  #isMoving = false;
  #isOver = false;

  constructor(table: HostTable, starter: Starter) {
    this.#table = table;
    this.#starter = starter;
  }

  /** A move that is under way goes no further; the next supervisor finishes it or takes it back. */
  close(): void {
    this.#isOver = true;
  }

  /**
   * The services that were moved. Rejects with `SKEIN_PLACEMENT_INVALID`, `SKEIN_PLACE_BUSY` or `SKEIN_PLACE_REFUSED`
   * when nothing was begun, and with `SKEIN_PLACE_UNDONE` when everything is as it was. `step` is told what is done.
   */
  async move(wish: Wish, isDry: boolean, step: (text: string) => void): Promise<readonly string[]> {
    if (this.#isMoving) throw skeinError("SKEIN_PLACE_BUSY");
    const to = this.#read(wish);
    const move = planMove(this.#table.placement, to);
    const isNothing = move.start.length === 0 && move.drain.length === 0;
    this.#assertRoom(move, to);
    if (isDry || isNothing) {
      for (const text of describeMove(move)) step(text);
      return isDry ? [] : this.#keep(to, move);
    }
    this.#isMoving = true;
    try {
      return await this.#run(move, to, step);
    } finally {
      this.#isMoving = false;
    }
  }

  #read(wish: Wish): Placement {
    const { placement, options } = this.#table;
    if ("placement" in wish) return readPlacement(wish.placement, options.system);
    let moved = placement;
    for (const [service, group] of Object.entries(wish.services))
      moved = withService(moved, service, group, options.system);
    return moved;
  }

  /** Old and new processes run side by side: that must fit into what is free. */
  #assertRoom({ start }: Move, to: Placement): void {
    const { replicas } = this.#table;
    const largest = Math.max(0, ...replicas.map(({ rss }) => rss));
    const needs = start.reduce(
      (sum, { group, replicas: count }) => sum + count * (to.groups[group]?.memory ?? largest),
      0,
    );
    const free = process.availableMemory();
    if (needs <= free) return;
    const [wanted, has] = [needs, free].map((bytes) => Math.round(bytes / 2 ** 20));
    throw skeinError(
      "SKEIN_PLACE_REFUSED",
      `the new processes need about ${wanted} MiB beside the old ones, and ${has} MiB are free`,
    );
  }

  async #run(move: Move, to: Placement, step: (text: string) => void): Promise<readonly string[]> {
    const { state } = this.#table.options;
    const go = move.drain.flatMap((one) => this.#pick(one));
    const come = move.start.flatMap((one) => this.#newcomers(one, to));
    const record = {
      basedOn: this.#basedOn,
      to: toPlacementValue(to),
      come: come.map(({ id }) => id),
      go: go.map(({ id }) => id),
    };
    state.move = { phase: "starting", ...record };
    this.#table.replicas.push(...come);
    const reason = await this.#start(come, step);
    if (reason !== undefined) return this.#undo(come, reason);
    const before = shareOf(go);
    // From here on a new supervisor finishes what this one has begun.
    state.move = { phase: "switched", ...record };
    await this.#route(come, go);
    step(`calls of ${move.moved.join(", ") || "every service"} go to the new processes`);
    // A leader's successor leads when it has ended: there is nothing to compare, and no time to.
    const complaint = go.some(({ isSingleton }) => isSingleton) ? undefined : await this.#prove(come, before);
    if (complaint !== undefined) {
      state.move = { phase: "starting", ...record };
      await this.#route(go, come);
      return this.#undo(come, complaint);
    }
    const moved = this.#keep(to, move);
    await this.#end(go);
    for (const one of move.drain) step(`${one.replicas} x ${one.group} ended`);
    return moved;
  }

  #keep(to: Placement, { moved }: Move): readonly string[] {
    const { state } = this.#table.options;
    state.keptPlacement = { basedOn: this.#basedOn, placement: toPlacementValue(to) };
    state.move = undefined;
    this.#table.placement = to;
    return moved;
  }

  /** What `skein start` was given; where moves have led to may be what runs. */
  get #basedOn(): unknown {
    const { state, placement } = this.#table.options;
    return state.keptPlacement?.basedOn ?? toPlacementValue(placement);
  }

  /** Those of a group that go: the youngest numbers stay. */
  #pick({ group, services, replicas }: GroupStep): Replica[] {
    const all = this.#table.replicas.filter(
      (one) => one.group === group && one.replaces === undefined && sameServices(one.services, services),
    );
    return all.toSorted((a, b) => b.replica - a.replica).slice(0, replicas);
  }

  #newcomers({ group, services, replicas }: GroupStep, to: Placement): Replica[] {
    const { memory, isSingleton = false } = to.groups[group] ?? {};
    const taken = this.#table.replicas.filter((one) => one.group === group).map(({ replica }) => replica);
    return newcomersOf({ group, services, isSingleton, memory }, replicas, taken);
  }

  /** Why they cannot serve, or nothing once all of them can. */
  async #start(come: readonly Replica[], step: (text: string) => void): Promise<string | undefined> {
    const { clock } = this.#table.options;
    const endMs = clock.monotonic() + startLimitMs * come.length;
    const said = new Set<Replica>();
    while (said.size < come.length) {
      this.#assertGoing();
      this.#starter.next();
      for (const one of come) {
        if (one.failures >= attemptsMax) return `${one.id} did not start: ${one.lastError ?? "it ended at once"}`;
        if (one.state !== "ready" || said.has(one)) continue;
        said.add(one);
        step(`${one.id} is ready (${one.services.join(", ")})`);
      }
      if (clock.monotonic() > endMs) return "the new processes were not ready in time";
      await sleep(clock, lookMs);
    }
    return undefined;
  }

  /** One publication, so that no host sees half of it; resolves when every host that speaks knows it. */
  async #route(to: readonly Replica[], from: readonly Replica[]): Promise<void> {
    const { clock } = this.#table.options;
    for (const one of to) one.isRouted = true;
    for (const one of from) one.isRouted = false;
    this.#table.publish();
    const endMs = clock.monotonic() + knownLimitMs;
    while (!this.#table.isKnown && clock.monotonic() < endMs) await sleep(clock, lookMs);
  }

  /** What is wrong with the new ones now that they serve. */
  async #prove(come: readonly Replica[], before: number): Promise<string | undefined> {
    const { clock } = this.#table.options;
    const endMs = clock.monotonic() + proofMs;
    while (clock.monotonic() < endMs) {
      this.#assertGoing();
      const ended = come.find(({ failures }) => failures > 0);
      if (ended !== undefined) return `${ended.id} ended while it served: ${ended.lastError ?? "no reason was given"}`;
      const failed = come.reduce((sum, one) => sum + one.failed, 0);
      const share = shareOf(come);
      if (failed >= worse.failedMin && share > before + worse.share)
        return `${failed} calls failed at the new processes, ${percent(share)} where it was ${percent(before)} before`;
      await sleep(clock, lookMs);
    }
    return undefined;
  }

  async #undo(come: readonly Replica[], reason: string): Promise<never> {
    await this.#end(come);
    this.#table.options.state.move = undefined;
    throw skeinError("SKEIN_PLACE_UNDONE", reason);
  }

  /** After what they have in flight. */
  async #end(going: readonly Replica[]): Promise<void> {
    const { clock } = this.#table.options;
    for (const one of going) {
      one.isGoing = true;
      if (one.identity !== undefined) this.#starter.drain(one);
      else this.#starter.forget(one);
    }
    const endMs = clock.monotonic() + drainLimitMs;
    while (this.#table.replicas.some((one) => going.includes(one)) && clock.monotonic() < endMs) {
      if (this.#isOver) return;
      await sleep(clock, lookMs);
    }
  }

  #assertGoing(): void {
    if (this.#isOver) throw skeinError("SKEIN_PLACE_UNDONE", "the system is being stopped");
  }
}

function shareOf(hosts: readonly Replica[]): number {
  const answered = hosts.reduce((sum, one) => sum + one.answered, 0);
  const failed = hosts.reduce((sum, one) => sum + one.failed, 0);
  return answered === 0 ? 0 : failed / answered;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
