import assert from "node:assert/strict";
import { test } from "node:test";
import type { Asked } from "./client.ts";
import { figuresOf } from "./figures.ts";

const asked = (dueMs: number, tookMs: number): Asked => ({
  index: dueMs,
  kind: "home",
  dueMs,
  lateMs: 0,
  endMs: dueMs + tookMs,
  tries: [{ status: 200, ms: tookMs }],
  status: 200,
});

test("a span in parts has what was meant to leave in one of them", () => {
  const history = [asked(0, 1), asked(9, 2), asked(10, 30), asked(19, 40), asked(20, 5), asked(30, 60)];
  const span = { name: "steady", fromMs: 0, toMs: 30 };
  const parts = [
    { fromMs: 0, toMs: 10 },
    { fromMs: 20, toMs: 30 },
  ];
  assert.equal(figuresOf(history, span).requests, 5);
  assert.deepEqual(
    [figuresOf(history, { ...span, parts }).requests, figuresOf(history, { ...span, parts }).max],
    [3, 5],
  );
});
