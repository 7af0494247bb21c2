/** The provider's webhook: who is believed, and that a captured request has one effect. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSkeinError, webhook } from "skein";
import { test as start } from "skein/testing";
import payments from "./index.ts";

const secret = "shared with the provider";
const env = { PAYMENTS_WEBHOOK_SECRET: secret };
const bytesOf = (event: object) => new TextEncoder().encode(JSON.stringify(event));
const body = bytesOf({ id: "evt_1", type: "refund", order: 1, amount: 500 });
const type = "application/json";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    return error.code;
  }
}

describe("the payment provider's webhook", () => {
  test("sent a hundred times has one effect, and none after five minutes", async () => {
    await using t = await start(payments, { env });
    const signature = await webhook({ secret }).sign({ body, now: new Date(t.clock.now()) });
    const sent = await Promise.all(Array.from({ length: 100 }, () => t.refunded({ signature }, { body, type })));
    assert.equal(sent.filter(({ isNew }) => isNew).length, 1);
    // The provider's own repetition, signed anew.
    await t.clock.advance("1m");
    const again = await webhook({ secret }).sign({ body, now: new Date(t.clock.now()) });
    assert.deepEqual(await t.refunded({ signature: again }, { body, type }), { isNew: false });
    await t.clock.advance("5m");
    assert.equal(await codeOf(t.refunded({ signature }, { body, type })), "SKEIN_ACCESS_UNAUTHENTICATED");
  });

  test("is believed with its secret, and for its very bytes", async () => {
    await using t = await start(payments, { env });
    const now = new Date(t.clock.now());
    const signature = await webhook({ secret }).sign({ body, now });
    const changed = bytesOf({ id: "evt_1", type: "refund", order: 1, amount: 50_000 });
    const forged = await webhook({ secret: "guessed by a stranger" }).sign({ body, now });
    for (const refused of [
      () => t.refunded({ signature }, { body: changed, type }),
      () => t.refunded({ signature: forged }, { body, type }),
      () => t.refunded({}, { body, type }),
    ]) {
      assert.equal(await codeOf(refused()), "SKEIN_ACCESS_UNAUTHENTICATED");
    }
    const other = bytesOf({ id: "evt_2", type: "dispute" });
    const signed = await webhook({ secret }).sign({ body: other, now });
    assert.equal(await codeOf(t.refunded({ signature: signed }, { body: other, type })), "NOT_A_REFUND");
    assert.equal(await codeOf(t.refunded({ signature }, { body, type: "text/plain" })), "SKEIN_HTTP_MEDIA_TYPE");
    assert.deepEqual(await t.refunded({ signature }, { body, type }), { isNew: true });
  });

  test("is off without a secret", async () => {
    await using t = await start(payments);
    assert.equal(await codeOf(t.refunded({}, { body, type })), "NO_WEBHOOKS");
  });
});
