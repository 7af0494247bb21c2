/**
 * Owns replacing one replica by one of another build: the new one starts beside it and proves itself, then the old one ends. It
 * must never end the one before the other has its place.
 */
import { sleep } from "../core/index.ts";
import { type Build, directoryOf, sameBuild } from "./build.ts";
import { type Changes, complaintOf, percent, shareOf, type Step } from "./changes.ts";
import type { HostTable } from "./host-table.ts";
import { isGateway, type Replica, replacementOf } from "./replica.ts";
import type { Starter } from "./starter.ts";

/**
 * How long the first of a group serves beside the old ones before one of them ends, or until it has answered so many calls; and
 * how long each further one at least, and the first too.
 */
const proof = { firstMs: 5_000, calls: 200, leastMs: 1_000 } as const;
/** For a replacement by memory that is under way. */
const quietLimitMs = 120_000;
const lookMs = 50;

/**
 * New gateways are worse when at least so many of their requests failed, and so much more of them than at the old ones. Most
 * failures that a gateway answers with are not its own, and come in crowds.
 */
const worse = { failedMin: 5, share: 0.05 } as const;

/** A roll that is under way: those that have taken over, and how the old ones of each group did before. */
export interface Trial {
  readonly come: Replica[];
  readonly before: Map<string, Before>;
}

interface Before {
  /** Of their calls, those that had failed. */
  readonly share: number;
  readonly old: readonly Replica[];
  /** What they had answered as gateways. */
  readonly requests: Requests;
}

interface Requests {
  readonly asked: number;
  readonly failed: number;
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

  /** Why it could not be, and then everything of this replica is as it was. With a `trial` the new one has to prove itself. */
  async replace(one: Replica, build: Build, step: Step, trial?: Trial): Promise<string | undefined> {
    if (!(await this.#quiet())) return "a host that has used up its memory is being replaced";
    const { replicas } = this.#table;
    // It has ended meanwhile, and what follows it is what should run.
    if (!replicas.includes(one) || sameBuild(one.build, build)) return undefined;
    const old = replicas.filter(({ group, build: its }) => group === one.group && !sameBuild(its, build));
    if (trial !== undefined && !trial.before.has(one.group))
      trial.before.set(one.group, { share: shareOf(old), old, requests: requestsOf(old) });
    const next = replacementOf(one, build);
    next.isProving = true;
    replicas.push(next);
    const reason =
      (await this.#changes.started([next], step)) ??
      (trial === undefined ? undefined : await this.#prove(next, one, trial));
    if (reason !== undefined) {
      await this.#takeBack(next, one);
      return reason;
    }
    next.isProving = false;
    trial?.come.push(next);
    await this.#changes.route([next], [one]);
    await this.#changes.ended([one]);
    step(`${one.id} ended: ${next.id} of ${directoryOf(build)} has its place`);
    return undefined;
  }

  /** With all that came before it: what goes wrong late goes wrong too. */
  async #prove(next: Replica, one: Replica, { come, before }: Trial): Promise<string | undefined> {
    await this.#changes.route([next], []);
    const isFirst = !come.some(({ group }) => group === next.group);
    this.#changes.yield([one], isFirst ? proof.firstMs : proof.leastMs);
    const all = { come: [...come, next], before };
    const complaint = (): string | undefined => complaintAbout(all);
    const early = await this.#changes.proved(proof.leastMs, complaint);
    if (early !== undefined || !isFirst) return early;
    return this.#changes.proved(proof.firstMs - proof.leastMs, complaint, () => next.answered >= proof.calls);
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

  /** Whether no place is being given to another process for its memory's sake, after a while at the latest. */
  async #quiet(): Promise<boolean> {
    const { clock } = this.#table.options;
    const endMs = clock.monotonic() + quietLimitMs;
    while (this.#table.replicas.some(({ replaces }) => replaces !== undefined)) {
      if (this.#changes.isOver || clock.monotonic() > endMs) return false;
      await sleep(clock, lookMs);
    }
    return true;
  }
}

/** Each group by itself: a few failures of one would drown in the many calls of the others. */
export function complaintAbout({ come, before }: Trial): string | undefined {
  for (const group of new Set(come.map((one) => one.group))) {
    const own = come.filter((one) => one.group === group);
    const was = before.get(group);
    const complaint =
      complaintOf(own, was?.share ?? 0) ?? (was === undefined ? undefined : complaintOfGateways(own, was));
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** Beside the old ones, of which more may fail meanwhile than before: what gateways ask is the same for all of them. */
function complaintOfGateways(come: readonly Replica[], { old, requests }: Before): string | undefined {
  const own = requestsOf(come);
  if (own.failed < worse.failedMin) return undefined;
  const all = requestsOf(old);
  const meanwhile = { asked: all.asked - requests.asked, failed: all.failed - requests.failed };
  const was = Math.max(failedOf(all), failedOf(meanwhile));
  if (failedOf(own) <= was + worse.share) return undefined;
  return `${own.failed} requests failed at the new gateways, ${percent(failedOf(own))} where it is ${percent(was)} at the old ones`;
}

function requestsOf(hosts: readonly Replica[]): Requests {
  const sum = { asked: 0, failed: 0 };
  for (const one of hosts.filter(isGateway)) {
    sum.asked += one.requests;
    sum.failed += one.failedRequests;
  }
  return sum;
}

function failedOf({ asked, failed }: Requests): number {
  return asked <= 0 ? 0 : failed / asked;
}
