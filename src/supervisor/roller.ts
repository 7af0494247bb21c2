/**
 * Owns rolling a running system to another build: replica by replica, both builds serving meanwhile, and back where the new
 * one does not serve. It must never end a process before one that has proved itself has its place.
 */
import { connectionsOf } from "../data/index.ts";
import { isSkeinError, skeinError } from "../errors/index.ts";
import { contractsOf } from "../system/check-contracts.ts";
import { endpointGraph } from "../system/graph.ts";
import { methodsOf, type Placement, rollOrder, type System, toPlacementValue } from "../system/index.ts";
import { type Build, directoryOf, findBuild, sameBuild } from "./build.ts";
import { type Changes, lackOfRoom, type Step } from "./changes.ts";
import type { RollWish } from "./control.ts";
import type { HostTable } from "./host-table.ts";
import type { Replica } from "./replica.ts";
import { complaintAbout, othersIn, Replacer, type Trial } from "./replacer.ts";
import {
  callsOf,
  countConnections,
  differencesOf,
  inspect,
  type Inspected,
  type Known,
  listed,
  migrateTo,
  stopped,
} from "./roll-check.ts";
import { type BuildConnections, lackOfConnections, type LimitedConnections } from "./roll-connections.ts";
import type { Starter } from "./starter.ts";
import type { KeptBuild } from "./records.ts";

/** What is to be done, in order. */
interface Plan {
  readonly to: Build;
  readonly known: Known;
  readonly groups: readonly string[];
}

export class Roller {
  readonly #table: HostTable;
  readonly #replacer: Replacer;
  readonly #changes: Changes;
  /** Of the build that runs, once it was asked for. */
  #known: Known | undefined;

  constructor(table: HostTable, starter: Starter, changes: Changes) {
    this.#table = table;
    this.#replacer = new Replacer(table, starter, changes);
    this.#changes = changes;
  }

  /**
   * The build that runs then. Rejects with `SKEIN_PLACE_BUSY`, `SKEIN_PLACEMENT_CONNECTIONS` or `SKEIN_ROLL_REFUSED` when
   * nothing was begun, and with `SKEIN_ROLL_UNDONE` when every host runs what it ran before. `step` is told what is done.
   */
  roll(wish: RollWish, step: Step): Promise<Build> {
    return this.#changes.alone("roll", async () => {
      const plan = await this.#plan(wish, step);
      const { to, groups, known } = plan;
      if (wish.isDry) {
        for (const text of this.#describe(groups, to)) step(text);
        return this.#table.build;
      }
      if (this.#changes.isOver) throw refused(stopped);
      const { state, given } = this.#table.options;
      const basedOn = state.keptBuild?.basedOn ?? given;
      const from = this.#table.build;
      // From here on the schema may be newer than a host that is started.
      state.keptBuild = { basedOn, build: from };
      state.roll = { from, to };
      await this.#migrate(to);
      const forward = this.#forward(plan, wish.isBreaking, step).catch((error: unknown) => this.#reasonOf(error));
      const reason = (await forward) ?? this.#keep({ basedOn, build: to });
      if (reason !== undefined) return this.#undo(groups, step, reason);
      this.#table.build = to;
      this.#known = known;
      return to;
    });
  }

  async #migrate(to: Build): Promise<void> {
    const { state } = this.#table.options;
    try {
      await migrateTo(to, state, this.#changes.signal);
    } catch (error) {
      this.#over();
      throw error;
    }
  }

  /** What is under way when the system is stopped is left to the next supervisor. */
  #reasonOf(error: unknown): string {
    if (this.#changes.isOver) throw error;
    return isSkeinError(error) ? error.message : String(error);
  }

  /** From then on a new supervisor begins with it. Why it could not be written, if so. */
  #keep(kept: KeptBuild): string | undefined {
    const { state } = this.#table.options;
    try {
      state.keptBuild = kept;
    } catch (error) {
      return String(error);
    }
    this.#over();
    return undefined;
  }

  /** Its record goes. One that stays does no harm: the next supervisor sees which build is kept. */
  #over(): void {
    const { state, log } = this.#table.options;
    try {
      state.roll = undefined;
    } catch (error) {
      log.error("the record of a roll could not be removed", { error });
    }
  }

  async #undo(groups: readonly string[], step: Step, reason: string): Promise<never> {
    step(`going back: ${reason}`);
    await this.#all(this.#table.build, groups.toReversed(), step, reason);
    this.#over();
    throw skeinError("SKEIN_ROLL_UNDONE", reason);
  }

  /** Hosts of another build than the one to run were taken over: a roll was cut off, or another build was given. */
  settle(): void {
    const { state, log } = this.#table.options;
    const { build, placement } = this.#table;
    const isStrange = (one: Replica): boolean => one.identity !== undefined && !sameBuild(one.build, build);
    if (!this.#table.replicas.some(isStrange)) return void (state.roll = undefined);
    const step = (text: string): void => log.info(text);
    this.#changes
      .alone("roll", async () => {
        const { calls } = await this.#current();
        const order = rollOrder(placement, calls, { added: new Set(), breaking: new Set(), skewed: new Set() });
        await this.#all(build, "groups" in order ? order.groups.toReversed() : [], step);
        state.roll = undefined;
      })
      .catch((error: unknown) => log.error("some hosts run another build than the one to run", { error }));
  }

  async #plan({ path, isBreaking }: RollWish, step: Step): Promise<Plan> {
    const { build, placement, options } = this.#table;
    const to = findBuild(path, build);
    // After a way back that did not work out everywhere it is the one to roll to.
    if (to.file === build.file && !this.#table.replicas.some((one) => !sameBuild(one.build, build)))
      throw refused(`${directoryOf(to)} is the build that runs; give the new one a directory of its own`);
    const [now, known] = await Promise.all([
      this.#current(),
      inspect(to, toPlacementValue(placement), options.state, this.#changes.signal),
    ]);
    const [name, other] = [now.contracts.system, known.contracts.system];
    if (name !== other) throw refused(`${directoryOf(to)} holds the system ${other}, and ${name} runs`);
    const differences = differencesOf(now.contracts, known.contracts);
    const breaking = differences.all.filter(({ level }) => level === "breaking");
    for (const { level, where, message } of differences.all) step(`${level}: ${where}: ${message}`);
    if (breaking.length > 0 && !isBreaking)
      throw refused(`its contracts break what runs, which only --breaking rolls out: ${listed(breaking)}`);
    const order = rollOrder(placement, bothOf(now, known), differences);
    if ("cycle" in order)
      throw refused(`${order.cycle.join(" and ")}: both are new, so add one of them in a build of its own before`);
    this.#assertRoom();
    await this.#assertConnections(known, order.groups, step);
    return { to, known, groups: order.groups };
  }

  /** Refused where the start would be. */
  async #assertConnections({ connections }: Inspected, groups: readonly string[], step: Step): Promise<void> {
    const lack = lackOfConnections(await this.#connections(connections), connections, groups);
    if (lack === undefined) return;
    if (!lack.isDoubtful && this.#table.options.mode === "production")
      throw skeinError("SKEIN_PLACEMENT_CONNECTIONS", lack.message);
    step(`warning: ${lack.message}`);
  }

  /** Of the build that runs. What it was may not be there any more to be asked: then as the new one. */
  async #connections(next: readonly LimitedConnections[]): Promise<readonly BuildConnections[]> {
    const { build, placement, options } = this.#table;
    if (build.skein === undefined) return connectionsOf(options.system, placement, process.env);
    try {
      return (await countConnections(build, toPlacementValue(placement), options.state, this.#changes.signal))
        .connections;
    } catch (error) {
      options.log.warn("the connections of the build that runs could not be counted", { error });
      return next;
    }
  }

  async #current(): Promise<Known> {
    return (this.#known ??= await knownOf(this.#table.options.system));
  }

  #assertRoom(): void {
    const most = this.#table.replicas.map(({ memory, rss }) => Math.max(memory ?? 0, rss));
    const lack = lackOfRoom(Math.max(0, ...most));
    if (lack !== undefined) throw refused(lack);
  }

  #describe(groups: readonly string[], to: Build): string[] {
    return [
      `migrate the databases to ${directoryOf(to)}`,
      ...groups.flatMap((group) => {
        const count = this.#placement.groups[group]?.replicas ?? 0;
        return [`replace ${count} x ${group}, one after the other: start, serve beside the old one, drain the old one`];
      }),
    ];
  }

  get #placement(): Placement {
    return this.#table.placement;
  }

  /** Why it must go back, or nothing once every host runs this build. */
  async #forward({ to, groups }: Plan, isBreaking: boolean, step: Step): Promise<string | undefined> {
    const trial: Trial = { come: [], groups: new Map(), isBreaking };
    const reason = await this.#replacer.replaceAll(groups, to, step, trial);
    // While the last one was drained, too.
    return reason ?? complaintAbout(trial, this.#table.options.clock.monotonic());
  }

  /** Every host of another build is replaced by one of this one, which has nothing to prove. */
  async #all(build: Build, groups: readonly string[], step: Step, because?: string): Promise<void> {
    const left: string[] = [];
    for (const group of groups) {
      for (const one of othersIn(this.#table, group, build)) {
        const reason = await this.#replacer.replace(one, build, step);
        // What serves does not end for what does not start.
        if (reason !== undefined) left.push(`${one.id} still runs ${directoryOf(one.build)}: ${reason}`);
      }
    }
    if (left.length > 0) throw skeinError("SKEIN_ROLL_UNDONE", [because ?? [], ...left].flat().join("; "));
  }
}

async function knownOf(system: System): Promise<Known> {
  const declarations = system.services.map(({ declaration }) => declaration);
  const { calls } = endpointGraph(declarations);
  const endpoints = declarations.flatMap(({ name: service, contract }) =>
    methodsOf(contract).map(([method, { http }]) => {
      const id = `${service}.${method}`;
      return { id, ...(http !== undefined && { http: http.route }), calls: calls.get(id) ?? [] };
    }),
  );
  return { contracts: await contractsOf(system), calls: callsOf(endpoints) };
}

/** What hosts of either build may call. */
function bothOf(now: Known, next: Known): Map<string, readonly string[]> {
  const both = new Map(now.calls);
  for (const [id, callees] of next.calls) both.set(id, [...new Set([...(both.get(id) ?? []), ...callees])]);
  return both;
}

function refused(detail: string) {
  return skeinError("SKEIN_ROLL_REFUSED", detail);
}
