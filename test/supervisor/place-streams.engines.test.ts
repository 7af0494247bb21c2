/** What lasts longer than a move: a stream goes on at another process, an upload and a transaction end where they began. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Company, uploadSlowly } from "../faults/harness/lasting/company.ts";
import { EventReader, gapsOf } from "../faults/harness/lasting/reader.ts";
import { type Placed, startPlaced } from "../shop/placed.ts";

const directory = path.join(import.meta.dirname, "../faults/harness/lasting");
const eventsMs = 60_000;
/** An upload of 80 s: a move takes 30 of them, and calls would have 20 more. */
const lasts = { pieces: 800, everyMs: 100, bytes: 16_384 } as const;

describe(
  "a placement that changes while something lasts",
  { skip: process.platform === "linux" ? false : "it counts processes in /proc" },
  () => {
    let shop: Placed | undefined;
    const running = (): Placed => shop ?? assert.fail("no shop runs");

    before(async () => {
      shop = await startPlaced(path.join(directory, "lasting.system.ts"), path.join(directory, "split.json"));
    });
    after(async () => shop?.close());

    test("the service of a stream moves: its reader keeps the connection, and no event is lost or comes twice", async () => {
      const reader = new EventReader(() => `${running().url}/lasting/numbers`);
      await reader.until(20, eventsMs);
      await running().place("lasting=own");
      await reader.until(reader.events.length + 20, eventsMs);
      await reader.close();
      assert.deepEqual(gapsOf(reader.events.map(({ id }) => id)), []);
      assert.equal(reader.connections, 1);
      const hosts = new Set(reader.events.map(({ data }) => (JSON.parse(data) as { pid: number }).pid));
      assert.equal(hosts.size, 2);
    });

    test("the gateway moves: an EventSource connects once more and goes on, uploads and transactions end well", async () => {
      const reader = new EventReader(() => `${running().url}/lasting/numbers`);
      const company = new Company(() => running().url);
      await reader.until(20, eventsMs);
      await running().place("gateway=door");
      await reader.until(reader.events.length + 20, eventsMs);
      await reader.close();
      assert.deepEqual(gapsOf(reader.events.map(({ id }) => id)), []);
      assert.equal(reader.connections, 2);
      const { figures, violations } = await company.end();
      assert.deepEqual([...violations, ...company.wrongRows(running().home)], []);
      assert.ok((figures["uploads"] ?? 0) > 2 && (figures["transactions"] ?? 0) > 2, JSON.stringify(figures));
    });

    test("an upload ends well at a gateway that has moved, also where the supervisor dies and the next one looks after it", async () => {
      const isOver = new AbortController();
      const uploading = uploadSlowly(running().url, lasts).finally(() => isOver.abort());
      uploading.catch(() => undefined);
      const moved = running().place("gateway=gate");
      moved.catch(() => undefined);
      const isDraining = async (): Promise<boolean> =>
        (await running().status()).hosts.some(({ group, state }) => group === "door" && state === "draining");
      while (!(await isDraining())) {
        isOver.signal.throwIfAborted();
        await pause(100);
      }
      const fromMs = performance.now();
      running().supervisor.kill("SIGKILL");
      await assert.rejects(moved);
      await running().restart();
      await uploading;
      assert.ok(performance.now() - fromMs > 25_000, "it took longer than calls may");
    });
  },
);
