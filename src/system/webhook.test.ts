/** Signatures of webhooks: against an implementation by Node's crypto, every way to be wrong, rotation, time. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Secret } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { webhook } from "./webhook.ts";

const secret = "a secret of the provider";
const now = new Date("2025-01-01T10:00:00Z");
const seconds = now.getTime() / 1_000;
const body = new TextEncoder().encode('{"id":"evt_1"}');
const hex = (key: string, at: number, bytes: Uint8Array) =>
  createHmac("sha256", key).update(`${at}.`).update(bytes).digest("hex");
const header = (key = secret, at = seconds, bytes = body) => `t=${at},v1=${hex(key, at, bytes)}`;
const hook = webhook({ secret });

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    assert.equal(error.message, "the signature is not valid");
    return error.code;
  }
}

describe("webhook", () => {
  it("takes what another implementation signed, and signs what it takes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 2 ** 31 }), async (bytes, at) => {
        const time = new Date(at * 1_000);
        const signature = header(secret, at, bytes);
        assert.equal(await hook.sign({ body: bytes, now: time }), signature);
        const found = await hook.verify({ body: bytes, signature, now: time });
        assert.equal(found.signedAt.getTime(), time.getTime());
      }),
    );
    assert.equal(await hook.sign({ body: '{"id":"evt_1"}', now }), header());
  });

  it("gives one nonce for one request", async () => {
    const first = await hook.verify({ body, signature: header(), now });
    const again = await hook.verify({ body, signature: ` ${header().replace(",", ", v0=x, ")}`, now });
    assert.equal(first.nonce, again.nonce);
    assert.match(first.nonce, /^[A-Za-z0-9_-]{43}$/);
    const later = await hook.verify({ body, signature: header(secret, seconds + 1), now });
    assert.notEqual(later.nonce, first.nonce);
  });

  it("refuses everything else alike", async () => {
    const good = header();
    const other = new TextEncoder().encode('{"id":"evt_2"}');
    const wrong: (string | undefined)[] = [
      undefined,
      "",
      "t=",
      good.replace("v1", "v0"),
      good.replace("t=", "t=+"),
      good.slice(0, -1),
      `${good}0`,
      `t=1,${good}`,
      good.split(",")[0],
      good.split(",")[1],
      good.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
      header("another secret than that one"),
      header(secret, seconds - 301),
      header(secret, seconds + 301),
      header(secret, seconds, other),
      `${good},${`v1=${"0".repeat(64)},`.repeat(8)}`,
      `t=${seconds},v1=${"x".repeat(2_000)}`,
      good.replace(`t=${seconds}`, `t=${seconds + 1}`),
      "t=999999999999999,v1=00",
    ];
    for (const signature of wrong) {
      assert.equal(await codeOf(hook.verify({ body, signature, now })), "SKEIN_ACCESS_UNAUTHENTICATED", signature);
    }
    assert.equal(await codeOf(hook.verify({ body: other, signature: good, now })), "SKEIN_ACCESS_UNAUTHENTICATED");
    for (const at of [seconds - 300, seconds + 300]) {
      assert.equal(await codeOf(hook.verify({ body, signature: header(secret, at), now })), "ok");
    }
  });

  it("takes several secrets while one replaces another, and signs with the first", async () => {
    const both = webhook({ secret: [new Secret("the new secret of ours"), secret], tolerance: "1m" });
    assert.equal(await codeOf(both.verify({ body, signature: header(), now })), "ok");
    assert.equal(await codeOf(both.verify({ body, signature: header("the new secret of ours"), now })), "ok");
    assert.equal(await both.sign({ body, now }), header("the new secret of ours"));
    const twice = `${header("a third one, unknown here")},v1=${hex(secret, seconds, body)}`;
    assert.equal(await codeOf(both.verify({ body, signature: twice, now })), "ok");
    const late = both.verify({ body, signature: header(secret, seconds - 61), now });
    assert.equal(await codeOf(late), "SKEIN_ACCESS_UNAUTHENTICATED");
  });

  it("does not begin with a secret that is none", () => {
    for (const options of [
      { secret: "short" },
      { secret: [] },
      { secret: [secret, ""] },
      { secret: undefined as never },
      { secret, tolerance: "2h" as const },
      { secret, tolerance: 0 as never },
    ]) {
      assert.throws(() => webhook(options), { code: "SKEIN_CONFIG_INVALID" });
    }
  });
});
