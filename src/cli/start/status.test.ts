/** Owns how a status looks to a person. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostStatus } from "../../supervisor/asking.ts";
import { createPaint } from "../terminal.ts";
import { renderStatus } from "./status.ts";

const host: HostStatus = {
  group: "orders",
  replica: 1,
  pid: 4711,
  state: "ready",
  services: ["orders", "stock"],
  build: "/srv/shop-43",
  inFlight: 3,
  sent: { calls: 12_345, attempts: 12_350 },
  rss: 130 * 2 ** 20,
  memory: 512 * 2 ** 20,
  uptimeMs: 4_000_000,
  restarts: 2,
  http: null,
};
const waiting: HostStatus = {
  ...host,
  replica: 2,
  pid: null,
  state: "waiting",
  rss: 0,
  inFlight: 0,
  sent: { calls: 0, attempts: 0 },
};

test("a status is a table; what no host has is no column", () => {
  const status = {
    supervisor: { pid: 12 },
    epoch: 7,
    gateway: { url: "http://127.0.0.1:4000" },
    hosts: [host, waiting],
  };
  assert.equal(
    renderStatus(status, createPaint(false)),
    `supervisor 12, epoch 7
gateway http://127.0.0.1:4000

group   replica  state    build         pid   up     restarts  in flight  repeats     memory              services
orders  1        ready    /srv/shop-43  4711  1h 6m  2         3          5 of 12345  130 MiB of 512 MiB  orders stock
orders  2        waiting  /srv/shop-43  -     -      2         0                      -                   orders stock
`,
  );
  assert.match(
    renderStatus({ ...status, change: { what: "roll", since: 0 } }, createPaint(false)),
    /^gateway .*\na roll is under way since 1970-01-01T00:00:00\.000Z\n/m,
  );
  const leader = renderStatus(
    { ...status, hosts: [{ ...host, role: "leader", uptimeMs: 500, memory: null }] },
    createPaint(true),
  );
  assert.match(
    leader,
    /role .*\n.*\u001b\[32mready\u001b\[39m {2}leader {2}.srv.shop-43 {2}4711 {2}0s .* 130 MiB {2}orders/,
  );
});

test("one that hangs is said to, and since when", () => {
  const hosts: HostStatus[] = [
    { ...host, state: "silent", silentMs: 3_900 },
    { ...host, replica: 2, silentMs: 12_000 },
  ];
  const text = renderStatus({ supervisor: { pid: 12 }, epoch: 7, gateway: null, hosts }, createPaint(false));
  assert.match(text, /^orders  1 {8}silent since 3 s +\/srv/m);
  assert.match(text, /^orders  2 {8}ready, silent since 12 s +\/srv/m);
});

test("hosts that go on without a supervisor are said to", () => {
  const text = renderStatus({ supervisor: null, epoch: 7, gateway: null, hosts: [host] }, createPaint(false));
  assert.match(text, /^no supervisor: the hosts go on, and skein start takes them over\n\ngroup/);
});
