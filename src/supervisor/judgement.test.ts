/** Old and new hosts in virtual seconds: what is held against the new ones, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeededRandom } from "../core/index.ts";
import { Judgement, mark } from "./judgement.ts";

const host = () => ({
  answered: 0,
  failed: 0,
  requests: 0,
  failedRequests: 0,
  clients: 0,
  refusedClients: 0,
  methods: {} as Record<string, readonly [number, number]>,
  marks: [] as Parameters<typeof mark>[0]["marks"],
});
type Host = ReturnType<typeof host>;

function answers(one: Host, calls: number, failed: number): void {
  one.answered += calls;
  one.failed += failed;
}

/** The first complaint in the seconds of a proof; `each` says what happens in each half of one. */
function proof(judgement: Judgement, each: (half: number) => void, halves = 10, startMs = 0): string | undefined {
  for (let half = 0; half < halves; half++) {
    each(half);
    const complaint = judgement.complaint(startMs + (half + 1) * 500);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

test("what hits old and new alike is nobody's fault, whatever the old ones did before", () => {
  const [old, come] = [host(), host()];
  answers(old, 150, 0);
  assert.equal(
    proof(new Judgement([old], [come], 0), () => {
      answers(old, 30, 30);
      answers(come, 30, 30);
    }),
    undefined,
  );
});

test("old failures are no licence: a build that fails 40 % beside hosts that have recovered", () => {
  const [old, come] = [host(), host()];
  answers(old, 400, 400);
  answers(old, 100, 0);
  const complaint = proof(new Judgement([old], [come], 0), () => {
    answers(old, 30, 0);
    answers(come, 5, 2);
  });
  assert.match(complaint ?? "", /^\d+ calls failed at the new processes, 40\.0 % where it is 0\.0 % at the old ones$/);
});

test("an incident in the middle of the proof, of which a young host sees more than an old one", () => {
  const [old, come] = [host(), host()];
  assert.equal(
    proof(new Judgement([old], [come], 0), (half) => {
      const share = half < 5 ? 0 : 0.5;
      answers(old, 100, 100 * share);
      answers(come, 10 * (half + 1), 10 * (half + 1) * share);
    }),
    undefined,
  );
});

test("chance is no fault: both fail a fifth of their calls, in a thousand proofs", () => {
  const random = createSeededRandom(7);
  let undone = 0;
  for (let round = 0; round < 1_000; round++) {
    const [old, come] = [host(), host()];
    const fails = (calls: number) => Array.from({ length: calls }, () => random.float() < 0.2).filter(Boolean).length;
    const complaint = proof(new Judgement([old], [come], 0), (half) => {
      answers(old, 40, fails(40));
      answers(come, 4 * (half + 1), fails(4 * (half + 1)));
    });
    if (complaint !== undefined) undone++;
  }
  assert.ok(undone <= 20, `${undone} of 1000 were taken back`);
});

test("where the old ones get few calls their last minute counts, and not what was before", () => {
  for (const [failed, isWorse] of [
    [0, true],
    [100, false],
  ] as const) {
    const [old, come] = [host(), host()];
    for (let second = 0; second <= 130; second += 10) {
      if (second === failed) answers(old, 200, 100);
      answers(old, 10, 0);
      mark(old, second * 1_000);
    }
    const judgement = new Judgement([old], [come], 131_000);
    const complaint = proof(judgement, () => answers(come, 4, 2), 10, 131_000);
    assert.equal(complaint !== undefined, isWorse, `failed at ${failed} s: ${complaint}`);
  }
});

test("nothing is known of the old ones: five failures are too many", () => {
  const come = host();
  const judgement = new Judgement([host()], [], 0);
  judgement.add(come);
  answers(come, 4, 4);
  assert.equal(judgement.complaint(500), undefined);
  answers(come, 1, 1);
  assert.match(judgement.complaint(1_000) ?? "", /^5 calls failed at the new processes, 100\.0 % where it is 0\.0 %/);
});

test("an old host that ends and is started again counts on", () => {
  const [old, come] = [host(), host()];
  answers(old, 1_000, 0);
  const judgement = new Judgement([old], [come], 0);
  assert.equal(
    proof(judgement, (half) => {
      if (half === 3) Object.assign(old, host());
      answers(old, 20, 10);
      answers(come, 20, 10);
    }),
    undefined,
  );
});

test("gateways: by their requests beside the old ones, five points more", () => {
  for (const [asked, failed, meanwhile, isWorse] of [
    [50, 50, [50, 0], true],
    [50, 5, [0, 0], true],
    [50, 25, [50, 25], false],
    [200, 8, [200, 0], false],
    [4, 4, [50, 0], false],
    [50, 0, [50, 50], false],
  ] as const) {
    const [old, come] = [host(), host()];
    // A hundredth of what it had answered were errors.
    Object.assign(old, { requests: 1_000, failedRequests: 10 });
    const judgement = new Judgement([old], [come], 0);
    Object.assign(old, { requests: 1_000 + meanwhile[0], failedRequests: 10 + meanwhile[1] });
    Object.assign(come, { requests: asked, failedRequests: failed });
    const complaint = judgement.complaint(500);
    assert.equal(complaint !== undefined, isWorse, `${failed} of ${asked}: ${complaint}`);
    if (isWorse) assert.match(complaint ?? "", /requests failed at the new gateways, .* % at the old ones$/);
  }
});

/** By method, and in the sum. */
function answersOf(one: Host, name: string, calls: number, failed: number): void {
  const [answered = 0, before = 0] = one.methods[name] ?? [];
  one.methods = { ...one.methods, [name]: [answered + calls, before + failed] };
  answers(one, calls, failed);
}

test("a method that is rarely called and fails always is seen beside a thousand calls that do not", () => {
  for (const isKnown of [true, false]) {
    const [old, come] = [host(), host()];
    if (isKnown) answersOf(old, "orders.refund", 40, 0);
    const complaint = proof(new Judgement([old], [come], 0), () => {
      answersOf(old, "orders.list", 200, 0);
      answersOf(come, "orders.list", 200, 0);
      answersOf(old, "orders.refund", 1, 0);
      answersOf(come, "orders.refund", 1, 1);
    });
    assert.match(
      complaint ?? "",
      /^\d calls of orders\.refund failed at the new processes, 100\.0 % where it is 0\.0 % at the old ones$/,
    );
  }
});

test("a method that the old ones have never been asked for is judged with the others", () => {
  const [old, come] = [host(), host()];
  const each = (failed: number) => () => {
    answersOf(old, "orders.list", 500, 0);
    answersOf(come, "orders.list", 500, 0);
    answersOf(come, "orders.refund", 2, failed);
  };
  assert.equal(proof(new Judgement([old], [come], 0), each(2)), undefined);
});

test("chance is no fault among twenty methods either: a fifth of all calls fails, in a thousand proofs", () => {
  const random = createSeededRandom(11);
  const names = Array.from({ length: 20 }, (_, i) => `shop.m${i}`);
  let undone = 0;
  for (let round = 0; round < 1_000; round++) {
    const [old, come] = [host(), host()];
    const fails = (calls: number) => Array.from({ length: calls }, () => random.float() < 0.2).filter(Boolean).length;
    const complaint = proof(new Judgement([old], [come], 0), (half) => {
      for (const name of names) {
        answersOf(old, name, 8, fails(8));
        answersOf(come, name, half + 1, fails(half + 1));
      }
    });
    if (complaint !== undefined) undone++;
  }
  assert.ok(undone <= 40, `${undone} of 1000 were taken back`);
});

test("a gateway that lets nobody in: seen by the first answers of new clients, unless less was promised", () => {
  for (const mayRefuse of [false, true]) {
    const [old, come] = [host(), host()];
    const complaint = proof(new Judgement([old], [come], 0, mayRefuse), () => {
      old.clients += 10;
      old.refusedClients += 1;
      come.clients += 3;
      come.refusedClients += 3;
    });
    if (mayRefuse) assert.equal(complaint, undefined);
    else
      assert.match(
        complaint ?? "",
        /^\d+ clients were refused \(4xx\) at the new gateways, 100\.0 % where it is 10\.0 %/,
      );
  }
});

test("a client that misbehaves takes no build back: alone on a connection, in a crowd at one moment, or again and again", () => {
  for (const [what, each] of [
    [
      "a connection with thousands of requests",
      (old: Host, come: Host, half: number) => {
        old.clients += 10;
        come.clients += 10;
        if (half === 0) come.refusedClients++;
      },
    ],
    [
      "a hundred connections that one gateway accepts",
      (old: Host, come: Host, half: number) => {
        old.clients += 10;
        come.clients += half === 4 ? 110 : 10;
        if (half === 4) come.refusedClients += 100;
      },
    ],
    [
      "connections all the time, where the old ones have kept all others",
      (old: Host, come: Host) => {
        old.clients += 4;
        old.refusedClients += 4;
        come.clients += 8;
        come.refusedClients += 7;
      },
    ],
    [
      "and nothing is known of the old ones",
      (_old: Host, come: Host) => {
        come.clients += 4;
        come.refusedClients += 4;
      },
    ],
  ] as const) {
    const [old, come] = [host(), host()];
    Object.assign(old, { clients: what.startsWith("and") ? 0 : 100 });
    const complaint = proof(new Judgement([old], [come], 0), (half) => each(old, come, half));
    assert.equal(complaint, undefined, what);
  }
});
