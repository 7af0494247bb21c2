/** How customers ask where there are several addresses, as with a peer whose gateways cannot share one. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { freePort } from "../../../bench/lib/free-port.ts";
import { type Asked, CustomerClient } from "./client.ts";
import type { Intended } from "./traffic.ts";

let servers: readonly Server[] = [];
const asked = [0, 0];
before(async () => {
  servers = await Promise.all(
    asked.map(async (_, index) => {
      const server = createServer((_request, response) => {
        asked[index] = (asked[index] ?? 0) + 1;
        response.end("{}");
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
});
after(() => servers.forEach((server) => server.close()));

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const home = (index: number): Intended => ({
  index,
  dueMs: 0,
  kind: "home",
  method: "GET",
  path: "/home",
  key: undefined,
  body: undefined,
});

async function ask(urls: readonly string[], requests: number): Promise<Asked[]> {
  const history: Asked[] = [];
  const client = new CustomerClient({ urls: () => urls, seed: "any", told: (one) => history.push(one) });
  await client.run(
    Array.from({ length: requests }, (_, index) => home(index)),
    performance.now(),
  );
  client.close();
  return history;
}

test("they take turns, pass over an address that refuses the connection, and do not count that as a try", async () => {
  const alive = servers.map(urlOf);
  const nobody = `http://127.0.0.1:${await freePort()}`;
  assert.ok((await ask([...alive, nobody], 12)).every(({ status, tries }) => status === 200 && tries.length === 1));
  assert.ok(
    asked.every((count) => count >= 4),
    asked.join(),
  );
  assert.equal(
    asked.reduce((sum, count) => sum + count),
    12,
  );
});

test("where every address refuses, it is a failure after all permitted tries", async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const [one] = await ask([nobody, nobody], 1);
  assert.deepEqual(
    one?.tries.map(({ status, error }) => [status, error]),
    Array.from({ length: 3 }, () => [0, "ECONNREFUSED"]),
  );
});
