/**
 * Owns whether new hosts fail more of their calls than the old ones beside them do at the same time. It must never hold
 * against the new ones what the old ones suffer as well, nor let them off for what the old ones did long ago.
 */
import type { Replica } from "./replica.ts";

interface Counts {
  readonly answered: number;
  readonly failed: number;
}

/** What a host's services have answered, and what its gateway has. */
type Counters = Pick<Replica, "answered" | "failed" | "requests" | "failedRequests">;

/** The counters of a host at some moment, on the monotonic clock. */
export interface Mark extends Counters {
  readonly atMs: number;
}

type Counted = Counters & Pick<Replica, "marks">;

interface Kind {
  readonly of: (counters: Counters) => Counts;
  readonly text: string;
  /** How much more must fail. */
  readonly share: number;
}

const kinds: readonly Kind[] = [
  { of: ({ answered, failed }) => ({ answered, failed }), text: "calls failed at the new processes", share: 0.01 },
  // Most failures that a gateway answers with are not its own, and come in crowds.
  {
    of: ({ requests, failedRequests }) => ({ answered: requests, failed: failedRequests }),
    text: "requests failed at the new gateways",
    share: 0.05,
  },
];

const none: Counts = { answered: 0, failed: 0 };
/** Marks are so far apart, and two are kept: a host's recent past is the last 30 to 60 s. */
const markEveryMs = 30_000;
/** Old and new are compared part by part: calls come to a young host slowly, and what hits both must weigh the same in both. */
const partMs = 1_000;
/** With fewer calls at the old hosts meanwhile their recent past counts, too. */
const enoughCalls = 20;
/**
 * New hosts are worse when at least so many calls failed, more of them than at the old ones by the kind's share, and by more
 * than chance has it: so many standard errors of the difference of two shares, as it is looked at again and again.
 */
const worse = { failedMin: 5, errors: 3 } as const;

/** Keeps what a host has answered so far for later; with each of its reports. */
export function mark(one: Counted, now: number): void {
  const last = one.marks.at(-1);
  if (last !== undefined && now - last.atMs < markEveryMs) return;
  const { answered, failed, requests, failedRequests } = one;
  one.marks = [...one.marks.slice(-1), { atMs: now, answered, failed, requests, failedRequests }];
}

/** New hosts of which further ones may come, and the old ones, which may end meanwhile. */
export class Judgement {
  readonly #comparisons: readonly Comparison[];

  /** From the moment at which the new ones get calls. */
  constructor(old: readonly Counted[], come: readonly Counted[], now: number) {
    this.#comparisons = kinds.map((kind) => new Comparison(kind, old, come, now));
  }

  add(one: Counted): void {
    for (const comparison of this.#comparisons) comparison.add(one);
  }

  /** What is wrong with the new ones, if anything is. */
  complaint(now: number): string | undefined {
    const complaints = this.#comparisons.map((comparison) => comparison.complaint(now));
    return complaints.find((complaint) => complaint !== undefined);
  }
}

class Comparison {
  readonly #kind: Kind;
  readonly #old: Tally;
  readonly #come: Tally;
  /** What the old ones did before; `parts` what both did in the parts that are over, `#expected` of it what would have failed at the old ones. */
  readonly #before: Counts;
  #partEndMs: number;
  #oldParts = none;
  #comeParts = none;
  #expected = 0;
  /** Calls of parts in which the old ones had none. */
  #unmatched = 0;

  constructor(kind: Kind, old: readonly Counted[], come: readonly Counted[], now: number) {
    this.#kind = kind;
    const { of } = kind;
    this.#before = old
      .map((one) => growth(of(one), one.marks[0] === undefined ? none : of(one.marks[0])))
      .reduce(plus, none);
    this.#old = new Tally(of, old);
    this.#come = new Tally(of, come);
    this.#partEndMs = now + partMs;
  }

  add(one: Counted): void {
    this.#come.add(one);
  }

  complaint(now: number): string | undefined {
    const [oldPart, comePart] = [this.#old.since(), this.#come.since()];
    const old = plus(this.#oldParts, oldPart);
    const come = plus(this.#comeParts, comePart);
    const expected = this.#expected + (oldPart.answered > 0 ? comePart.answered * shareOf(oldPart) : 0);
    const unmatched = this.#unmatched + (oldPart.answered > 0 ? 0 : comePart.answered);
    if (now >= this.#partEndMs) {
      this.#partEndMs = now + partMs;
      [this.#oldParts, this.#comeParts, this.#expected, this.#unmatched] = [old, come, expected, unmatched];
      this.#old.cut();
      this.#come.cut();
    }
    if (come.failed < worse.failedMin) return undefined;
    const hasFew = old.answered < enoughCalls;
    const known = hasFew ? plus(old, this.#before) : old;
    const usual = hasFew ? shareOf(known) : (expected + unmatched * shareOf(old)) / come.answered;
    const share = shareOf(come);
    if (share - usual <= Math.max(this.#kind.share, worse.errors * errorOf(come, usual, known.answered)))
      return undefined;
    return `${come.failed} ${this.#kind.text}, ${percent(share)} where it is ${percent(usual)} at the old ones`;
  }
}

/** What hosts have answered since the last cut; a process that was started anew begins at nothing. */
class Tally {
  readonly #of: Kind["of"];
  readonly #from = new Map<Counted, Counts>();

  constructor(of: Kind["of"], hosts: readonly Counted[]) {
    this.#of = of;
    for (const one of hosts) this.add(one);
  }

  add(one: Counted): void {
    this.#from.set(one, this.#of(one));
  }

  since(): Counts {
    return [...this.#from].map(([one, from]) => growth(this.#of(one), from)).reduce(plus, none);
  }

  cut(): void {
    for (const one of this.#from.keys()) this.add(one);
  }
}

function growth(now: Counts, from: Counts): Counts {
  if (now.answered < from.answered) return now;
  return { answered: now.answered - from.answered, failed: now.failed - from.failed };
}

function plus(a: Counts, b: Counts): Counts {
  return { answered: a.answered + b.answered, failed: a.failed + b.failed };
}

/** Of the calls that were answered, those that failed. */
function shareOf({ answered, failed }: Counts): number {
  return answered === 0 ? 0 : failed / answered;
}

/** Of the difference of two shares that are one in truth. Where nothing is known of the old ones there is none. */
function errorOf({ answered, failed }: Counts, usual: number, oldAnswered: number): number {
  if (oldAnswered === 0) return 0;
  const pooled = Math.min(1, (failed + usual * oldAnswered) / (answered + oldAnswered));
  return Math.sqrt(pooled * (1 - pooled) * (1 / answered + 1 / oldAnswered));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
