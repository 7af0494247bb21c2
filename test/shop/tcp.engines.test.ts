/** The shop in three groups whose hosts reach each other over TCP of this machine, with `SKEIN_TRANSPORT=tcp`. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { connect, type ConnectionOptions } from "node:tls";
import { shopSuite } from "../../examples/shop/shop.e2e.ts";
import { State } from "../../src/supervisor/asking.ts";
import { Authority, type CertificateFiles } from "../../src/transport/fixtures/certificates.ts";
import { type Placed, processesOf, startPlacedShop } from "./placed.ts";

const limitMs = 30_000;
let placed: Placed | undefined;
after(() => placed?.close());

shopSuite("the shop in processes, placement split, over TCP", () =>
  startPlacedShop("split", { SKEIN_TRANSPORT: "tcp" }),
);

const addresses = (home: string): string[] =>
  Object.values(new State(home).routes()?.groups ?? {}).flatMap((group) => group.addresses);

test("every host has a port of its own, also after a kill and for the next supervisor, and no secret on its command line", async () => {
  placed = await startPlacedShop("split", { SKEIN_TRANSPORT: "tcp" });
  const { home, url } = placed;
  const before = addresses(home);
  assert.equal(new Set(before).size, 3);
  for (const address of before) assert.match(address, /^127\.0\.0\.1:\d+$/);

  const token = new State(home).token();
  const running = processesOf(home);
  assert.ok(running.length >= 4);
  for (const { pid, id } of running)
    assert.ok(!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(token), `the token of ${id}`);

  const orders = running.find(({ id }) => id === "orders-1");
  process.kill(orders?.pid ?? assert.fail("orders-1 runs"), "SIGKILL");
  const endMs = performance.now() + limitMs;
  while (addresses(home).length < 3 || addresses(home).join() === before.join()) {
    assert.ok(performance.now() < endMs, "the next process of orders");
    await pause(50);
  }

  placed.supervisor.kill("SIGKILL");
  const known = addresses(home);
  await placed.restart();
  assert.deepEqual(addresses(home).toSorted(), known.toSorted(), "taken over where they are");
  const answer = await fetch(`${url}/home`);
  assert.equal(answer.status, 200, await answer.text());
});

test("hosts that listen on a range of ports show each other certificates, and a stranger's is refused", async () => {
  using authority = new Authority();
  using strangers = new Authority();
  const spec = { names: "URI:spiffe://shop/host/any" };
  const { cert, key } = authority.issue("host", spec);
  // Whoever probes the range first leaves it: what is taken meanwhile is passed over.
  const from = 20_000 + (process.pid % 10_000);
  const listen = `127.0.0.1:${from}-${from + 99}`;
  const files = { SKEIN_PEERS_TLS_CERT: cert, SKEIN_PEERS_TLS_KEY: key, SKEIN_PEERS_TLS_CA: authority.ca };
  const secured = await startPlacedShop("split", { SKEIN_TRANSPORT: "tcp", SKEIN_PEERS_LISTEN: listen, ...files });
  try {
    assert.equal((await fetch(`${secured.url}/home`)).status, 200);
    for (const address of addresses(secured.home)) {
      const port = Number(address.slice(address.lastIndexOf(":") + 1));
      assert.ok(port >= from && port <= from + 99, address);
      const stranger = {
        host: "127.0.0.1",
        port,
        ca: readFileSync(authority.ca),
        checkServerIdentity: () => undefined,
      };
      assert.match(await refusalOf(strangers.issue("stranger", spec), stranger), /ALERT|RESET|closed/i);
    }
  } finally {
    await secured.close();
  }
});

/** What becomes of a connection that shows this certificate. In TLS 1.3 the refusal comes after the handshake. */
async function refusalOf(files: CertificateFiles, options: ConnectionOptions): Promise<string> {
  const socket = connect({ ...options, cert: readFileSync(files.cert), key: readFileSync(files.key) });
  const [error] = (await Promise.race([
    once(socket, "end"),
    new Promise((_, reject) => socket.on("error", reject)),
  ]).catch((reason: unknown) => [reason])) as readonly unknown[];
  socket.destroy();
  return error === undefined ? "closed" : String(error);
}

test("what it cannot be is refused before anything starts", () => {
  const root = path.join(import.meta.dirname, "../..");
  const args = ["--conditions=skein-src", "src/cli/bin.ts", "start", "examples/shop/system.ts", "--port", "0"];
  const home = mkdtempSync(path.join(tmpdir(), "skein-pigeons-"));
  const env = { ...process.env, SKEIN_HOME: home, SKEIN_TRANSPORT: "pigeons" };
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /"pigeons", which is neither unix nor tcp \[SKEIN_CONFIG_INVALID\]/);
  assert.deepEqual(readdirSync(home), []);
  rmSync(home, { recursive: true });
});
