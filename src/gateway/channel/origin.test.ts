/** Whose pages may open a channel: the host's own, and those the system declares. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHost } from "../../index.ts";
import type { SystemHttp } from "../../system/index.ts";
import { annKey, chatSystem, dial, upgradeHead, Witness } from "../fixtures/chat.ts";
import { sendRaw } from "../fixtures/client.ts";
import { createGateway, type Gateway } from "../index.ts";

const app = "https://app.example";
const cookie = "visitor=1";

async function withGateway(http: SystemHttp, run: (gateway: Gateway) => Promise<void>): Promise<void> {
  await using host = await createHost(chatSystem(new Witness(), http));
  await using gateway = await createGateway(host, { port: 0 });
  await run(gateway);
}

async function opens({ url }: Gateway, headers: Record<string, string>, path = "/rooms/a"): Promise<void> {
  const talk = await dial(url + path, headers);
  talk.client.terminate();
}

async function refuses({ port }: Gateway, headers: Record<string, string>, path = "/rooms/a"): Promise<void> {
  const answer = await sendRaw(port, upgradeHead(path, headers));
  assert.equal(answer.status, 403, answer.body);
  assert.equal(answer.json()["code"], "SKEIN_ACCESS_DENIED");
}

describe("channels and CORS", () => {
  test("a declared origin opens one, with cookies where credentials are declared", async () => {
    await withGateway({ cors: { origins: [app], credentials: true } }, async (gateway) => {
      await opens(gateway, { origin: app });
      await opens(gateway, { origin: app, cookie });
      await opens(gateway, { origin: app, "x-api-key": annKey.key }, "/vip");
      await opens(gateway, { origin: gateway.url, cookie });
      await refuses(gateway, { origin: "https://app.example.evil.example" });
      await refuses(gateway, { origin: "http://app.example" });
      await refuses(gateway, { origin: "null" });
    });
  });

  test("without credentials a declared origin brings none", async () => {
    await withGateway({ cors: { origins: [app] } }, async (gateway) => {
      await opens(gateway, { origin: app });
      await opens(gateway, { origin: gateway.url, cookie });
      await refuses(gateway, { origin: app, cookie });
      await refuses(gateway, { origin: app, "x-api-key": annKey.key }, "/vip");
      await refuses(gateway, { origin: "https://evil.example" });
    });
  });

  test("any origin opens one, but none that comes with a credential", async () => {
    await withGateway({ cors: { origins: "*" } }, async (gateway) => {
      await opens(gateway, { origin: "https://any.example" });
      await opens(gateway, { cookie });
      await refuses(gateway, { origin: "https://any.example", cookie });
      await refuses(gateway, { origin: "https://any.example", "x-api-key": annKey.key }, "/vip");
    });
  });
});
