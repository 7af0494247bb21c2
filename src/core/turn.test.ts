/** Owns the proof of when work that was put off is done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterStep, afterTurn } from "./turn.ts";

test("after a step comes what others in line have done, before what they go on to and the end of the turn", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      afterTurn(() => {
        order.push("turn");
        resolve();
      });
      const settled = Promise.resolve();
      void settled.then(() => afterStep(() => order.push("step")));
      for (const name of ["one", "other"]) void settled.then(() => order.push(name)).then(() => order.push("later"));
    });
  });
  assert.deepEqual(order, ["one", "other", "step", "later", "later", "turn"]);
});
