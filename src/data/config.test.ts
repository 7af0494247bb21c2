/** What config and resource promise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { isSkeinError } from "../errors/index.ts";
import { bindingOf, contextOf } from "./fixtures/harness.ts";
import { config, resource } from "./index.ts";

const schema = z.object({ currency: z.string(), maxLines: z.int().default(10), token: z.string().min(8).optional() });

async function valueOf(env: Record<string, string>) {
  const opened = await config(schema).open(contextOf({ env, service: "orders" }));
  return opened.bind(bindingOf());
}

test("values come from one JSON variable and from single ones, which win", async () => {
  assert.deepEqual(await valueOf({ SKEIN_CONFIG_ORDERS: '{"currency":"EUR","maxLines":5}' }), {
    currency: "EUR",
    maxLines: 5,
  });
  assert.deepEqual(
    await valueOf({ SKEIN_CONFIG_ORDERS: '{"currency":"EUR"}', ORDERS_CURRENCY: "USD", ORDERS_MAX_LINES: "7" }),
    {
      currency: "USD",
      maxLines: 7,
    },
  );
});

test("text that looks like a number stays text where the schema takes text", async () => {
  assert.deepEqual(await valueOf({ ORDERS_CURRENCY: "1", ORDERS_TOKEN: "12345678", ORDERS_MAX_LINES: "3" }), {
    currency: "1",
    token: "12345678",
    maxLines: 3,
  });
});

test("every wrong key is named with its variable, and no value is shown", async () => {
  const canary = "s3cret";
  await assert.rejects(valueOf({ ORDERS_TOKEN: canary, ORDERS_MAX_LINES: canary }), (error: unknown) => {
    assert.ok(isSkeinError(error));
    assert.equal(error.code, "SKEIN_CONFIG_INVALID");
    for (const name of ["currency (ORDERS_CURRENCY)", "maxLines (ORDERS_MAX_LINES)", "token (ORDERS_TOKEN)"]) {
      assert.ok(error.message.includes(name), error.message);
    }
    assert.ok(!`${error.message}${String(error.cause)}${JSON.stringify(error)}`.includes(canary));
    return true;
  });
});

test("a JSON variable that is no object is refused without its text", async () => {
  await assert.rejects(valueOf({ SKEIN_CONFIG_ORDERS: "s3cret" }), (error: unknown) => {
    assert.ok(isSkeinError(error) && error.code === "SKEIN_CONFIG_INVALID" && !error.message.includes("s3cret"));
    return true;
  });
});

test("a resource opens once, is seen by every call, and closes once", async () => {
  const events: string[] = [];
  const owned = resource({
    open: ({ service }) => {
      events.push(`open ${service}`);
      return { rate: 2 };
    },
    close: ({ rate }) => void events.push(`close ${rate}`),
    ready: () => void events.push("ready"),
  });
  const opened = await owned.open(contextOf({ service: "orders" }));
  assert.equal(opened.bind(bindingOf()), opened.bind(bindingOf({ kind: "query" })));
  await opened.ready?.();
  await opened.close();
  await opened.close();
  assert.deepEqual(events, ["open orders", "ready", "close 2"]);
});

test("a resource that cannot open says whose it is, and keeps the cause", async () => {
  const cause = new Error("refused");
  await assert.rejects(resource({ open: () => Promise.reject(cause) }).open(contextOf()), (error: unknown) => {
    assert.ok(isSkeinError(error));
    assert.equal(error.code, "SKEIN_RESOURCE_FAILED");
    assert.equal(error.cause, cause);
    return true;
  });
});
