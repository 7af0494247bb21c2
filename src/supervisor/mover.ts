/**
 * Owns changing the placement of a running system: new processes start, get calls beside the old ones, then all of them,
 * and the old ones drain; and the way back where the new ones do not serve. It must never end a process before its calls go elsewhere.
 */
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
import { type Changes, endOf, lackOfRoom, type Step } from "./changes.ts";
import type { Wish } from "./control.ts";
import type { HostTable } from "./host-table.ts";
import { Judgement } from "./judgement.ts";
import { newcomersOf, type Replica, sameServices } from "./replica.ts";

/** How long the new ones serve beside the old ones; a caller gives a new one its whole share after this (`replicas.ts`). */
const proofMs = 5_000;

export class Mover {
  readonly #table: HostTable;
  readonly #changes: Changes;

  constructor(table: HostTable, changes: Changes) {
    this.#table = table;
    this.#changes = changes;
  }

  /**
   * The services that were moved. Rejects with `SKEIN_PLACEMENT_INVALID`, `SKEIN_PLACE_BUSY` or `SKEIN_PLACE_REFUSED`
   * when nothing was begun, and with `SKEIN_PLACE_UNDONE` when everything is as it was. `step` is told what is done.
   */
  async move(wish: Wish, isDry: boolean, step: Step): Promise<readonly string[]> {
    this.#changes.assertFree();
    const to = this.#read(wish);
    const move = planMove(this.#table.placement, to);
    const isNothing = move.start.length === 0 && move.drain.length === 0;
    this.#assertRoom(move, to);
    if (isDry || isNothing) {
      for (const text of describeMove(move)) step(text);
      return isDry ? [] : this.#keep(to, move);
    }
    return this.#changes.alone(() => this.#run(move, to, step), "SKEIN_PLACE_UNDONE");
  }

  #read(wish: Wish): Placement {
    const { placement, options } = this.#table;
    if ("placement" in wish) return readPlacement(wish.placement, options.system);
    let moved = placement;
    for (const [service, group] of Object.entries(wish.services))
      moved = withService(moved, service, group, options.system);
    return moved;
  }

  #assertRoom({ start }: Move, to: Placement): void {
    const { replicas } = this.#table;
    const largest = Math.max(0, ...replicas.map(({ rss }) => rss));
    const needs = start.reduce(
      (sum, { group, replicas: count }) => sum + count * (to.groups[group]?.memory ?? largest),
      0,
    );
    const lack = lackOfRoom(needs);
    if (lack !== undefined) throw skeinError("SKEIN_PLACE_REFUSED", lack);
  }

  async #run(move: Move, to: Placement, step: Step): Promise<readonly string[]> {
    const { state } = this.#table.options;
    const changes = this.#changes;
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
    const reason = await changes.started(come, step);
    if (reason !== undefined) return this.#undo(come, reason);
    // A leader's successor leads when it has ended: there is nothing to compare, and no time to.
    if (!go.some(({ isSingleton }) => isSingleton)) {
      step("the new processes get calls, more and more of them");
      const { clock } = this.#table.options;
      const judgement = new Judgement(go, come, clock.monotonic());
      await changes.route(come, []);
      changes.yield(go, proofMs);
      const complaint = await changes.proved(proofMs, () => endOf(come) ?? judgement.complaint(clock.monotonic()));
      if (complaint !== undefined) {
        changes.yield(go, 0);
        await changes.route([], come);
        return this.#undo(come, complaint);
      }
    }
    // From here on a new supervisor finishes what this one has begun.
    state.move = { phase: "switched", ...record };
    await changes.route(come, go);
    step(`calls of ${move.moved.join(", ") || "every service"} go to the new processes`);
    const moved = this.#keep(to, move);
    await changes.ended(go);
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
    const { build } = this.#table;
    const taken = this.#table.replicas.filter((one) => one.group === group).map(({ replica }) => replica);
    return newcomersOf({ group, services, isSingleton, memory, build }, replicas, taken);
  }

  async #undo(come: readonly Replica[], reason: string): Promise<never> {
    await this.#changes.ended(come);
    this.#table.options.state.move = undefined;
    throw skeinError("SKEIN_PLACE_UNDONE", reason);
  }
}
