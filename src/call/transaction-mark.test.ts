/** The mark of an open transaction: how far it reaches, and when it ends. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { inTransaction, isInTransaction } from "./transaction-mark.ts";

it("reaches everything the body awaits and starts, and nothing beside it", async () => {
  assert.equal(isInTransaction(), false);
  const inside = inTransaction(async () => {
    await Promise.resolve();
    return [isInTransaction(), await Promise.resolve().then(isInTransaction)];
  });
  assert.equal(isInTransaction(), false);
  assert.deepEqual(await inside, [true, true]);
  assert.equal(isInTransaction(), false);
});

it("ends with the transaction, also for a task or a timer that was started in it and outlives it", async () => {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const seen: boolean[] = [];
  let background: Promise<void> | undefined;
  const { promise: fired, resolve: fire } = Promise.withResolvers<boolean>();
  await inTransaction(async () => {
    background = over.then(() => void seen.push(isInTransaction()));
    setImmediate(() => void over.then(() => fire(isInTransaction())));
    await Promise.resolve();
  });
  end();
  await background;
  assert.deepEqual(seen, [false]);
  assert.equal(await fired, false);
  await assert.rejects(
    inTransaction(() => Promise.reject(new Error("no"))),
    /no/,
  );
});

it("a transaction inside what another one started has its own end", async () => {
  await inTransaction(async () => {
    await inTransaction(async () => assert.equal(isInTransaction(), true));
    assert.equal(isInTransaction(), true);
  });
});
