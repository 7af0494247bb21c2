/**
 * Tests requests that are many calls: a host whose requests each need twenty of another one, with more to do than the
 * processor that they share can. If the inner host refused some of the calls, hardly a request would get all of its twenty.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createSeededRandom, type Random } from "../../core/index.ts";
import { Admission, Entrant } from "./admission.ts";
import { Loop } from "./fixtures/loop.ts";
import { Usual } from "./gradient.ts";

const timeoutMs = 2_000;
const fanOut = 20;
const ownMs = 0.5;
const innerMs = 0.5;
/** Requests a second. */
const capacity = 1_000 / (ownMs + fanOut * innerMs);

class Job extends Entrant {
  readonly isNested: boolean;
  readonly usual: Usual;
  readonly #isGone: () => boolean;
  readonly #begin: (job: Job) => void;
  readonly #over: (isGood: boolean) => void;

  constructor(
    isNested: boolean,
    usual: Usual,
    isGone: () => boolean,
    begin: (job: Job) => void,
    over: (isGood: boolean) => void,
  ) {
    super();
    this.isNested = isNested;
    this.usual = usual;
    this.#isGone = isGone;
    this.#begin = begin;
    this.#over = over;
  }
  get isGone(): boolean {
    return this.#isGone();
  }
  admitted(): void {
    this.#begin(this);
  }
  refused(): void {
    this.#over(false);
  }
  done(admission: Admission, isGood: boolean): void {
    this.#over(isGood);
    admission.leave(this);
  }
}

interface Request {
  readonly bornMs: number;
  readonly endMs: number;
  readonly isGood: boolean;
}

interface Phase {
  readonly untilMs: number;
  readonly perSecond: number;
}

/** A refused request is sent again twice, as clients do. */
function run(phases: readonly Phase[], seed: number): readonly Request[] {
  const random = createSeededRandom(seed);
  const loop = new Loop();
  const [outer, inner] = [0, 1].map(() => new Admission({ clock: loop, soon: loop.soon })) as [Admission, Admission];
  const [outerUsual, innerUsual] = [new Usual(), new Usual()];
  const requests: Request[] = [];
  const send = (bornMs: number, resends: number): void => {
    const isGone = (): boolean => loop.monotonic() > bornMs + timeoutMs;
    const over = (isGood: boolean): void => {
      if (!isGood && resends > 0 && !isGone())
        return void loop.after(random.float() * 100, () => send(bornMs, resends - 1));
      requests.push({ bornMs, endMs: loop.monotonic(), isGood: isGood && !isGone() });
    };
    const begin = (job: Job): void => {
      loop.work(ownMs);
      let left = fanOut;
      let isGood = true;
      const part = (isOk: boolean): void => {
        isGood &&= isOk;
        if (--left === 0) job.done(outer, isGood);
      };
      for (let i = 0; i < fanOut; i++) {
        const work = (one: Job): void => (loop.work(innerMs), one.done(inner, true));
        loop.after(0, () => inner.enter(new Job(true, innerUsual, isGone, work, part)));
      }
    };
    outer.enter(new Job(false, outerUsual, isGone, begin, over));
  };
  let atMs = 1;
  for (const { untilMs, perSecond } of phases) {
    for (atMs += gap(random, perSecond); atMs < untilMs; atMs += gap(random, perSecond)) {
      const bornMs = atMs;
      loop.after(bornMs - 1, () => send(bornMs, 2));
    }
    atMs = untilMs;
  }
  loop.run(atMs + 5_000);
  return requests;
}

function gap(random: Random, perSecond: number): number {
  return (-Math.log(1 - random.float()) * 1_000) / perSecond;
}

suite("requests of twenty calls each", () => {
  const share = (requests: readonly Request[], fromMs: number, toMs: number): number =>
    (requests.filter(({ bornMs, isGood }) => isGood && bornMs >= fromMs && bornMs < toMs).length * 1_000) /
    (toMs - fromMs);

  test("twice what can be borne: what can be done is done, and soon", () => {
    for (const seed of [1, 2, 3]) {
      const requests = run(
        [
          { untilMs: 10_000, perSecond: capacity * 0.5 },
          { untilMs: 40_000, perSecond: capacity * 2 },
          { untilMs: 60_000, perSecond: capacity * 0.5 },
        ],
        seed,
      );
      const good = share(requests, 12_000, 40_000);
      assert.ok(good >= capacity * 0.9, `seed ${seed}: ${good} of ${capacity}`);
      assert.equal(requests.filter((r) => !r.isGood && r.bornMs > 43_000).length, 0, `seed ${seed}`);
    }
  });

  test("eight tenths of what can be borne, and a moment of twice as much: it goes on as before", () => {
    for (const seed of [1, 2, 3]) {
      const requests = run(
        [
          { untilMs: 10_000, perSecond: capacity * 0.8 },
          { untilMs: 13_000, perSecond: capacity * 2 },
          { untilMs: 60_000, perSecond: capacity * 0.8 },
        ],
        seed,
      );
      const later = requests.filter((r) => r.bornMs > 20_000);
      const bad = later.filter((r) => !r.isGood).length / later.length;
      assert.ok(bad < 0.001, `seed ${seed}: ${bad}`);
    }
  });
});
