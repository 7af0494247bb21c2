/** The example support desk over real sockets: two people talk, one of them is cut again and again. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { connectChannel } from "skein/client";
import { createHost } from "skein";
import { createGateway } from "../../src/gateway/index.ts";
import { cuttingProxy } from "../../src/gateway/fixtures/cutting-proxy.ts";
import desk from "../../examples/support/support.ts";

interface Line {
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly text: string;
}

test("a customer who is cut ten times misses no line, and no line of theirs counts twice", async () => {
  await using host = await createHost(desk);
  await using gateway = await createGateway(host, { port: 0 });
  let cuts = 10;
  await using proxy = await cuttingProxy(gateway.port, () => (cuts-- > 0 ? 1_000 : Number.POSITIVE_INFINITY));
  const agent = connectChannel<Line, Omit<Line, "seq">>(`${gateway.url}/rooms/7/chat`);
  const customer = connectChannel<Line, Omit<Line, "seq">>(`http://127.0.0.1:${proxy.port}/rooms/7/chat`);
  const each = 60;
  const talk = async (who: typeof agent, from: string) => {
    for (let i = 1; i <= each; i++) await who.send({ id: randomUUID(), from, text: `${from} ${i}` });
  };
  const read = async (who: typeof agent) => {
    const lines: Line[] = [];
    for await (const line of who) if (lines.push(line) === each * 2) break;
    return lines;
  };
  const [, , there, here] = await Promise.all([
    talk(agent, "agent"),
    talk(customer, "customer"),
    read(agent),
    read(customer),
  ]);
  assert.equal(proxy.cuts, 10);
  assert.deepEqual(here, there);
  assert.deepEqual(
    here.map(({ seq }) => seq),
    Array.from({ length: each * 2 }, (_, i) => i + 1),
  );
  assert.equal(new Set(here.map(({ text }) => text)).size, each * 2);
  const said = (await (await fetch(`${gateway.url}/rooms/7`)).json()) as Line[];
  assert.deepEqual(said, here);
});
