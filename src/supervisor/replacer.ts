/**
 * Owns replacing one replica by one of another build: the new one starts beside it and proves itself, then the old one ends. It
 * must never end the one before the other has its place.
 */
import { type Build, directoryOf, sameBuild } from "./build.ts";
import { type Changes, endOf, type Step, unwritten } from "./changes.ts";
import type { HostTable } from "./host-table.ts";
import { Judgement } from "./judgement.ts";
import { rest } from "./processors.ts";
import { type Replica, replacementOf } from "./replica.ts";
import type { Starter } from "./starter.ts";

/**
 * How long the first of a group serves beside the old ones before one of them ends, or until it has answered so many calls; and
 * how long each further one at least, and the first too.
 */
const proof = { firstMs: 5_000, calls: 200, leastMs: 1_000 } as const;

/**
 * A roll that is under way: those that have taken over, and how each group does beside its old ones. Each by itself: a few failures of
 * one would drown in the many calls of the others.
 */
export interface Trial {
  readonly come: Replica[];
  readonly groups: Map<string, Judgement>;
  /** Contracts break, and whoever asked knows it. */
  readonly isBreaking: boolean;
}

export class Replacer {
  readonly #table: HostTable;
  readonly #starter: Starter;
  readonly #changes: Changes;

  constructor(table: HostTable, starter: Starter, changes: Changes) {
    this.#table = table;
    this.#starter = starter;
    this.#changes = changes;
  }

  /**
   * Every host of these groups that is of another build, or why not all could be. Twice: what has ended meanwhile, by itself or for its
   * memory's sake, was started anew from the build before.
   */
  async replaceAll(groups: readonly string[], build: Build, step: Step, trial: Trial): Promise<string | undefined> {
    for (const group of [...groups, ...groups]) {
      for (const one of othersIn(this.#table, group, build)) {
        const reason = await this.replace(one, build, step, trial);
        if (reason !== undefined) return reason;
      }
    }
    const left = groups.flatMap((group) => othersIn(this.#table, group, build)).map(({ id }) => id);
    return left.length === 0 ? undefined : `${left.join(", ")}: still of the build before`;
  }

  /** Why it could not be, and then everything of this replica is as it was. With a `trial` the new one has to prove itself. */
  async replace(one: Replica, build: Build, step: Step, trial?: Trial): Promise<string | undefined> {
    const unquiet = await this.#changes.unquiet();
    if (unquiet !== undefined) return unquiet;
    const { replicas } = this.#table;
    // It has ended meanwhile, and what follows it is what should run.
    if (!replicas.includes(one) || sameBuild(one.build, build)) return undefined;
    const next = replacementOf(one, build);
    next.isProving = true;
    // One that has to prove itself gets its first calls after a rest.
    next.isRouted = trial === undefined;
    replicas.push(next);
    const reason =
      (await this.#changes.started([next], step)) ??
      (trial === undefined ? undefined : await this.#prove(next, one, trial));
    if (reason !== undefined) {
      await this.#takeBack(next, one);
      return reason;
    }
    if (!(await this.#changes.route([next], [one]))) {
      await this.#takeBack(next, one);
      return unwritten;
    }
    next.isProving = false;
    trial?.come.push(next);
    await this.#changes.ended([one]);
    step(`${one.id} ended: ${next.id} of ${directoryOf(build)} has its place`);
    return undefined;
  }

  /**
   * With all that came before it: what goes wrong late goes wrong too. After its start and after its first calls there is a rest,
   * as in a move: what they take of the processors is made up for before the next one starts.
   */
  async #prove(next: Replica, one: Replica, trial: Trial): Promise<string | undefined> {
    const { replicas, options } = this.#table;
    const isNeeded = (): boolean => !replicas.includes(one) || one.state !== "ready";
    const ended = await this.#changes.eased(rest.mostMs, () => endOf([next]), isNeeded);
    if (ended !== undefined) return ended;
    const { come, groups, isBreaking } = trial;
    const judgement = groups.get(next.group);
    if (judgement === undefined) {
      const old = replicas.filter(({ group, build }) => group === next.group && !sameBuild(build, next.build));
      groups.set(next.group, new Judgement(old, [next], options.clock.monotonic(), isBreaking));
    } else judgement.add(next);
    if (!(await this.#changes.route([next], []))) return unwritten;
    const isFirst = judgement === undefined;
    this.#changes.yield([one], (isFirst ? proof.firstMs : proof.leastMs) + rest.mostMs);
    const all = { ...trial, come: [...come, next] };
    const complaint = (): string | undefined => complaintAbout(all, options.clock.monotonic());
    const early =
      (await this.#changes.proved(proof.leastMs, complaint)) ?? (await this.#changes.eased(rest.mostMs, complaint));
    if (early !== undefined) return early;
    const isEnough = (): boolean => !isFirst || next.answered >= proof.calls;
    const late = await this.#changes.proved(proof.firstMs - proof.leastMs, complaint, isEnough);
    return late ?? this.#changes.spoken([next], complaint);
  }

  async #takeBack(next: Replica, one: Replica): Promise<void> {
    if (this.#table.replicas.includes(one)) {
      this.#changes.yield([one], 0);
      await this.#changes.route([one], [next]);
      return this.#changes.ended([next]);
    }
    // The old one has ended meanwhile, so the place is this one's: its next process is of the build to run.
    next.isProving = false;
    next.failures = 0;
    if (next.identity === undefined) next.build = this.#table.build;
    else this.#starter.drain(next, false);
  }
}

/** Those of a group that run another build; a leader last, so that one of this build can follow it. */
export function othersIn({ replicas }: HostTable, group: string, build: Build): Replica[] {
  return replicas
    .filter((one) => one.group === group && !one.isGoing && !sameBuild(one.build, build))
    .toSorted((a, b) => Number(a.leads !== undefined) - Number(b.leads !== undefined) || a.replica - b.replica);
}

/** What is wrong with any that came. */
export function complaintAbout({ come, groups }: Trial, now: number): string | undefined {
  const complaints = [endOf(come), ...[...groups.values()].map((judgement) => judgement.complaint(now))];
  return complaints.find((complaint) => complaint !== undefined);
}
