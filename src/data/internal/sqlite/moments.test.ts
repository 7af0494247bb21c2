/** How often the calling thread may stand still in one turn of the event loop. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createMoments } from "./moments.ts";

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("eight replies are waited for in a turn of the event loop, and eight more in the next", async (context) => {
  const waits = mock.method(Atomics, "wait");
  context.after(() => waits.mock.restore());
  const moments = createMoments();
  const replies = new Int32Array(new SharedArrayBuffer(4));
  for (let turns = 1; turns <= 3; turns++) {
    // The reply is there already.
    for (let i = 0; i < 100; i++) moments.wait(replies, -1);
    // Promises are no turn.
    await Promise.resolve();
    moments.wait(replies, -1);
    assert.equal(waits.mock.callCount(), 8 * turns);
    await turn();
  }
});

test("a reply that does not come is waited for once in a turn", async (context) => {
  const waits = mock.method(Atomics, "wait");
  context.after(() => waits.mock.restore());
  const moments = createMoments();
  const replies = new Int32Array(new SharedArrayBuffer(4));
  for (let turns = 1; turns <= 3; turns++) {
    for (let i = 0; i < 100; i++) moments.wait(replies, 0);
    assert.equal(waits.mock.callCount(), turns);
    await turn();
  }
  for (const call of waits.mock.calls) assert.ok((call.arguments[3] as number) <= 0.2);
});
