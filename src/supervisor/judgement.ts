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
type Counters = Pick<
  Replica,
  "answered" | "failed" | "methods" | "requests" | "failedRequests" | "clients" | "refusedClients"
>;

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
  /** In so many parts more must fail than at the old ones; and it is judged only where the old ones are known. */
  readonly partsMin?: number;
}

const calls: Kind = {
  of: ({ answered, failed }) => ({ answered, failed }),
  text: "calls failed at the new processes",
  share: 0.01,
};
// Most failures that a gateway answers with are not its own, and come in crowds.
const requests: Kind = {
  of: ({ requests: answered, failedRequests: failed }) => ({ answered, failed }),
  text: "requests failed at the new gateways",
  share: 0.05,
};
/**
 * By connection and not by request, and only by its first answer: which gateway a new connection comes to has nothing to do with who
 * its client is, and a client that is refused again and again on one of them counts once. One that opens many at a moment may have all
 * of them accepted by one gateway, hence the parts.
 */
const clients: Kind = {
  of: ({ clients: answered, refusedClients: failed }) => ({ answered, failed }),
  text: "clients were refused (4xx) at the new gateways",
  share: 0.05,
  partsMin: 3,
};
/** One that is rarely called is lost in the sum. */
const callsOf = (name: string): Kind => ({
  of: ({ methods }) => toCounts(methods[name]),
  text: `calls of ${name} failed at the new processes`,
  share: 0.01,
  partsMin: 0,
});

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

/**
 * Where many things are compared one of them is worse by chance sooner: the tail of a normal distribution falls as exp(-z^2 / 2), so
 * that the chance of any of them stays what it is for one (Bonferroni).
 */
function errorsFor(compared: number): number {
  return Math.sqrt(worse.errors ** 2 + 2 * Math.log(Math.max(1, compared)));
}

/** Keeps what a host has answered so far for later; with each of its reports. */
export function mark(one: Counted, now: number): void {
  const last = one.marks.at(-1);
  if (last !== undefined && now - last.atMs < markEveryMs) return;
  const { answered, failed, methods, requests, failedRequests, clients, refusedClients } = one;
  const counters = { answered, failed, methods, requests, failedRequests, clients, refusedClients };
  one.marks = [...one.marks.slice(-1), { atMs: now, ...counters }];
}

/** New hosts of which further ones may come, and the old ones, which may end meanwhile. */
export class Judgement {
  readonly #old: readonly Counted[];
  readonly #come: Counted[];
  readonly #comparisons: readonly Comparison[];
  readonly #methods = new Map<string, Comparison>();

  /** From the moment at which the new ones get calls. `mayRefuse`: what they promise is less, so that clients may be refused by right. */
  constructor(old: readonly Counted[], come: readonly Counted[], now: number, mayRefuse = false) {
    this.#old = old;
    this.#come = [...come];
    const kinds = mayRefuse ? [calls, requests] : [calls, requests, clients];
    this.#comparisons = kinds.map((kind) => new Comparison(kind, old, come, now));
    this.#meet(now, false);
  }

  add(one: Counted): void {
    this.#come.push(one);
    for (const comparison of [...this.#comparisons, ...this.#methods.values()]) comparison.add(one);
  }

  /** What is wrong with the new ones, if anything is. */
  complaint(now: number): string | undefined {
    this.#meet(now, true);
    const errors = errorsFor(this.#methods.size);
    const complaints = [
      // First, as it says more.
      ...[...this.#methods.values()].map((comparison) => comparison.complaint(now, errors)),
      ...this.#comparisons.map((comparison) => comparison.complaint(now, worse.errors)),
    ];
    return complaints.find((complaint) => complaint !== undefined);
  }

  /** `isLate`: nobody had called them when the new ones began to get calls. */
  #meet(now: number, isLate: boolean): void {
    for (const { methods } of [...this.#old, ...this.#come]) {
      for (const name of Object.keys(methods)) {
        if (this.#methods.has(name)) continue;
        this.#methods.set(name, new Comparison(callsOf(name), this.#old, this.#come, now, isLate));
      }
    }
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
  /** Parts in which more failed than at the old ones. */
  #worseParts = 0;

  /** `isLate`: all that they have answered was since then. */
  constructor(kind: Kind, old: readonly Counted[], come: readonly Counted[], now: number, isLate = false) {
    this.#kind = kind;
    const { of } = kind;
    const recent = old.map((one) => growth(of(one), one.marks[0] === undefined ? none : of(one.marks[0])));
    this.#before = isLate ? none : recent.reduce(plus, none);
    this.#old = new Tally(of, old, isLate);
    this.#come = new Tally(of, come, isLate);
    this.#partEndMs = now + partMs;
  }

  add(one: Counted): void {
    this.#come.add(one);
  }

  /** `errors`: how many standard errors are no chance. */
  complaint(now: number, errors: number): string | undefined {
    const [oldPart, comePart] = [this.#old.since(), this.#come.since()];
    const old = plus(this.#oldParts, oldPart);
    const come = plus(this.#comeParts, comePart);
    const expected = this.#expected + (oldPart.answered > 0 ? comePart.answered * shareOf(oldPart) : 0);
    const unmatched = this.#unmatched + (oldPart.answered > 0 ? 0 : comePart.answered);
    if (now >= this.#partEndMs) {
      this.#partEndMs = now + partMs;
      if (shareOf(comePart) > shareOf(oldPart.answered > 0 ? oldPart : old)) this.#worseParts++;
      [this.#oldParts, this.#comeParts, this.#expected, this.#unmatched] = [old, come, expected, unmatched];
      this.#old.cut();
      this.#come.cut();
    }
    const { partsMin } = this.#kind;
    if (come.failed < worse.failedMin || this.#worseParts < (partsMin ?? 0)) return undefined;
    const hasFew = old.answered < enoughCalls;
    const known = hasFew ? plus(old, this.#before) : old;
    if (partsMin !== undefined && known.answered === 0) return undefined;
    const usual = hasFew ? shareOf(known) : (expected + unmatched * shareOf(old)) / come.answered;
    const share = shareOf(come);
    if (share - usual <= Math.max(this.#kind.share, errors * errorOf(come, usual, known.answered))) return undefined;
    return `${come.failed} ${this.#kind.text}, ${percent(share)} where it is ${percent(usual)} at the old ones`;
  }
}

/** What hosts have answered since the last cut; a process that was started anew begins at nothing. */
class Tally {
  readonly #of: Kind["of"];
  readonly #from = new Map<Counted, Counts>();

  constructor(of: Kind["of"], hosts: readonly Counted[], isLate: boolean) {
    this.#of = of;
    for (const one of hosts) this.#from.set(one, isLate ? none : of(one));
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

function toCounts([answered, failed]: readonly [number, number] = [0, 0]): Counts {
  return { answered, failed };
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
