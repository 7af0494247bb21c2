/**
 * Owns changing the placement of a running system: new processes start, get calls beside the old ones, then all of them,
 * and the old ones drain; and the way back where the new ones do not serve. It must never end a process before its calls go elsewhere.
 */
import { connectionsOf } from "../data/index.ts";
import { isSkeinError, skeinError } from "../errors/index.ts";
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
import { type Changes, endOf, lackOfRoom, type Step, unwritten } from "./changes.ts";
import type { Wish } from "./control.ts";
import type { HostTable } from "./host-table.ts";
import { Judgement } from "./judgement.ts";
import { rest } from "./processors.ts";
import { newcomersOf, type Replica, sameServices } from "./replica.ts";
import { countConnections } from "./roll-check.ts";
import { lackBeside, type LimitedConnections } from "./roll-connections.ts";
import type { MoveRecord } from "./records.ts";

/** How long the new ones serve beside the old ones; a caller gives a new one its whole share after this (`choice.ts`). */
const proofMs = 15_000;
/**
 * They get their first calls one after the other, as cold code of ten processes at once would take the processors from everybody. This
 * passes at most until all of them have, however little is idle.
 */
const firstCallsMs = 90_000;

/** Who comes and who goes. */
interface Sides {
  readonly come: readonly Replica[];
  readonly go: readonly Replica[];
}

export class Mover {
  readonly #table: HostTable;
  readonly #changes: Changes;

  constructor(table: HostTable, changes: Changes) {
    this.#table = table;
    this.#changes = changes;
  }

  /**
   * The services that were moved. Rejects with `SKEIN_PLACEMENT_INVALID`, `SKEIN_PLACEMENT_CONNECTIONS`, `SKEIN_PLACE_BUSY` or
   * `SKEIN_PLACE_REFUSED` when nothing was begun, and with `SKEIN_PLACE_UNDONE` when everything is as it was. `step` is told what is done.
   */
  async move(wish: Wish, isDry: boolean, step: Step): Promise<readonly string[]> {
    this.#changes.assertFree();
    const to = this.#read(wish);
    const move = planMove(this.#table.placement, to);
    const isNothing = move.start.length === 0 && move.drain.length === 0;
    this.#assertRoom(move, to);
    if (isDry || isNothing) for (const text of describeMove(move)) step(text);
    if (isNothing) return isDry ? [] : this.#keep(to, move);
    return this.#changes.alone("move", async () => {
      await this.#assertConnections(move, to, step);
      return isDry ? [] : this.#run(move, to, step);
    });
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

  /** Old and new processes run side by side: refused where a start would be, as it is for a roll. */
  async #assertConnections({ start }: Move, to: Placement, step: Step): Promise<void> {
    const { build, placement, options } = this.#table;
    const isOwn = build.skein === undefined;
    if (start.length === 0 || (isOwn && connectionsOf(options.system, to, process.env).length === 0)) return;
    const now = await this.#countConnections(placement);
    const lack = lackBeside(now, await this.#countConnections(to), start);
    if (lack === undefined) return;
    if (!lack.isDoubtful && options.mode === "production")
      throw skeinError("SKEIN_PLACEMENT_CONNECTIONS", lack.message);
    step(`warning: ${lack.message}`);
  }

  /** By the build's own `skein check`, which knows its databases and asks their servers. */
  async #countConnections(placement: Placement): Promise<readonly LimitedConnections[]> {
    const { build, options } = this.#table;
    try {
      return (await countConnections(build, toPlacementValue(placement), options.state, this.#changes.signal))
        .connections;
    } catch (error) {
      throw skeinError("SKEIN_PLACE_REFUSED", `the connections could not be counted: ${messageOf(error)}`);
    }
  }

  async #run(move: Move, to: Placement, step: Step): Promise<readonly string[]> {
    const unquiet = await this.#changes.unquiet();
    if (unquiet !== undefined) throw skeinError("SKEIN_PLACE_UNDONE", unquiet);
    this.#settle();
    const { state } = this.#table.options;
    const sides = {
      go: move.drain.flatMap((one) => this.#pick(one)),
      come: move.start.flatMap((one) => this.#newcomers(one, to)),
    };
    const [come, go] = [sides.come, sides.go].map((side) => side.map(({ id }) => id)) as [string[], string[]];
    const record = { basedOn: this.#basedOn, to: toPlacementValue(to), come, go };
    state.move = { phase: "starting", ...record };
    this.#table.isMoving = true;
    try {
      this.#table.replicas.push(...sides.come);
      const reason = await this.#forward(sides, record, step).catch((error: unknown) => this.#reasonOf(error));
      if (reason !== undefined) await this.#undo(sides, reason);
    } finally {
      this.#table.isMoving = false;
    }
    step(`calls of ${move.moved.join(", ") || "every service"} go to the new processes`);
    this.#finish(to, move, step);
    await this.#changes.ended(sides.go);
    for (const one of move.drain) step(`${one.replicas} x ${one.group} ended`);
    return move.moved;
  }

  /** Until the new ones alone get calls; or why they cannot. */
  async #forward({ come, go }: Sides, record: Omit<MoveRecord, "phase">, step: Step): Promise<string | undefined> {
    const changes = this.#changes;
    const { state } = this.#table.options;
    const late = await changes.started(come, step);
    if (late !== undefined) return late;
    // A leader's successor leads when it has ended: there is nothing to compare, and no time to.
    const [leaders, others] = [
      go.filter(({ isSingleton }) => isSingleton),
      go.filter(({ isSingleton }) => !isSingleton),
    ];
    const compared = come.filter((one) => !leaders.some((leader) => sharesService(leader, one)));
    if (compared.length > 0) {
      step("the new processes get calls, more and more of them");
      const complaint = await this.#proved(compared, others);
      if (complaint !== undefined) return complaint;
    }
    // From here on a new supervisor finishes what this one has begun.
    state.move = { phase: "switched", ...record };
    return (await changes.route(come, go)) ? undefined : unwritten;
  }

  /** What is wrong with the new ones, which get calls beside the old ones from here on. */
  async #proved(come: readonly Replica[], go: readonly Replica[]): Promise<string | undefined> {
    const changes = this.#changes;
    const { clock } = this.#table.options;
    const judgement = new Judgement(go, come, clock.monotonic());
    const complaint = (): string | undefined => endOf(come) ?? judgement.complaint(clock.monotonic());
    const apartMs = Math.min(rest.mostMs, firstCallsMs / come.length);
    for (const one of go) one.isLeaving = true;
    for (const [index, one] of come.entries()) {
      // Each time what is left: it may take longer, and a gateway that is done before has its clients come back and closes again.
      changes.yield(go, apartMs * (come.length - index) + proofMs);
      if (!(await changes.route([one], []))) return unwritten;
      const wrong = await changes.eased(apartMs, complaint);
      if (wrong !== undefined) return wrong;
    }
    changes.yield(go, proofMs);
    return (await changes.proved(proofMs, complaint)) ?? changes.spoken(come, complaint);
  }

  /** What is under way when the system is stopped is left to the next supervisor. */
  #reasonOf(error: unknown): string {
    if (this.#changes.isOver) throw error;
    return messageOf(error);
  }

  /** Everything as it was, also where nothing can be written: hosts that are told to end say so to whoever calls them. */
  async #undo({ come, go }: Sides, reason: string): Promise<never> {
    const { state } = this.#table.options;
    // Without a record it is taken back; to remove one needs no room.
    if (state.move?.phase === "switched") this.#forget();
    for (const one of go) one.isLeaving = false;
    this.#changes.yield(go, 0);
    await this.#changes.route(go, come);
    await this.#changes.ended(come);
    this.#forget();
    throw skeinError("SKEIN_PLACE_UNDONE", reason);
  }

  #forget(): void {
    const { state, log } = this.#table.options;
    try {
      state.move = undefined;
    } catch (error) {
      log.error("the record of a move could not be removed", { error });
    }
  }

  /** The placement runs, whether it can be written or not: the record of the move says it as well. */
  #finish(to: Placement, move: Move, step: Step): void {
    try {
      this.#keep(to, move);
    } catch (error) {
      this.#table.placement = to;
      this.#table.options.log.error("the placement that runs could not be kept", { error });
      step(`the placement runs, and is kept by the next move or supervisor: ${messageOf(error)}`);
    }
  }

  /** Keeps where the last move has led to, where that had no room. Throws `SKEIN_STATE_FAILED` while there is none. */
  #settle(): void {
    const { state } = this.#table.options;
    const { move } = state;
    if (move?.phase !== "switched") return;
    state.keptPlacement = { basedOn: move.basedOn, placement: move.to };
    state.move = undefined;
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
}

function messageOf(error: unknown): string {
  return isSkeinError(error) ? error.message : String(error);
}

function sharesService(a: Replica, b: Replica): boolean {
  return a.services.some((name) => b.services.includes(name));
}
