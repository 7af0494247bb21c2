/** What is made of what hosts say of their calls, told by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Repeats } from "./repeats.ts";

const said = (pid: number, calls: number, attempts: number) => ({ pid, sent: { calls, attempts } });

test("what was before the first look does not count, what a process sent before it was killed does", () => {
  const repeats = new Repeats();
  repeats.look(0, [said(1, 100, 150), said(2, 100, 100)]);
  repeats.look(1_000, [said(1, 200, 260), said(2, 200, 200)]);
  // The second was killed, its successor has just begun.
  repeats.look(2_000, [said(1, 300, 370), said(3, 50, 51)]);
  assert.deepEqual(repeats.figures, { sentCalls: 350, repeats: 21, worstRepeatShare: 0.06 });
});

test("nobody knows the counts for a moment: that takes nothing away and adds nothing", () => {
  const repeats = new Repeats();
  repeats.look(0, [said(1, 100, 100)]);
  repeats.look(1_000, [said(1, 200, 210)]);
  repeats.look(2_000, [{ pid: null, sent: { calls: 0, attempts: 0 } }, said(1, 0, 0)]);
  repeats.look(3_000, [said(1, 300, 310)]);
  assert.deepEqual(repeats.figures, { sentCalls: 200, repeats: 10, worstRepeatShare: 0.05 });
});

test("a storm of ten seconds is not hidden by a long calm", () => {
  const repeats = new Repeats();
  for (let second = 0; second <= 100; second++) {
    const storm = Math.min(10, Math.max(0, second - 50));
    repeats.look(second * 1_000, [said(1, second * 100, second * 100 + storm * 50)]);
  }
  assert.deepEqual(repeats.figures, { sentCalls: 10_000, repeats: 500, worstRepeatShare: 0.5 });
});

test("nothing was sent", () => {
  assert.deepEqual(new Repeats().figures, { sentCalls: 0, repeats: 0, worstRepeatShare: 0 });
});
