/** The bad link: what gets through it is what was sent, however late, and without one it says what is missing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { createSeededRandom } from "../../../src/core/index.ts";
import { BadLink, type LinkFaults } from "./link.ts";

const missing = BadLink.missing();
const good: LinkFaults = { delayMs: 0, jitterMs: 0, loss: 0, duplicate: 0, reorder: 0 };
const bad: LinkFaults = { delayMs: 2, jitterMs: 1, loss: 0.03, duplicate: 0.05, reorder: 0.05 };

describe("the link", { skip: missing ?? false }, async () => {
  if (missing !== undefined) return;
  const link = await BadLink.open(createSeededRandom("link"), "shop");
  after(() => link.close());

  test("what arrives is what was sent, though packets are late, lost, doubled and overtaken", async () => {
    const server = createServer();
    server.listen(0, link.near);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await link.set(bad);
    const caller = connect({ host: link.far, port });
    const [callee] = (await once(server, "connection")) as [Socket];
    assert.equal(callee.remoteAddress, link.far);
    const sent = Array.from({ length: 100_000 }, (_, number) => `${number};`).join("");
    caller.write(sent);
    caller.end();
    let arrived = "";
    for await (const part of callee as AsyncIterable<Buffer>) arrived += part.toString("latin1");
    assert.equal(arrived, sent);
    const { packets, lost, doubled, reordered } = await link.set(good);
    assert.ok(
      packets > 100 && lost > 0 && doubled > 0 && reordered > 0,
      JSON.stringify({ packets, lost, doubled, reordered }),
    );
    caller.destroy();
    server.close();
  });

  test("its end is that of its device", async () => {
    const other = await BadLink.open(createSeededRandom("another"), "shop");
    assert.notEqual(other.near, link.near);
    await other.close();
    await assert.rejects(once(createServer().listen(0, other.near), "listening"), { code: "EADDRNOTAVAIL" });
  });
});
