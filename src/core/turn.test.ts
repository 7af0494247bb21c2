/** Owns the proof of when work that was put off is done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterCallback, afterTurn } from "./turn.ts";

test("after a callback comes what its promises do, then what was put off, and only then the end of the turn", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      afterTurn(() => {
        order.push("turn");
        resolve();
      });
      afterCallback(() => order.push("callback"));
      void (async () => {
        for (let i = 0; i < 5; i++) await Promise.resolve();
        order.push("promises");
      })();
    });
  });
  assert.deepEqual(order, ["promises", "callback", "turn"]);
});
