/** What happens when a host uses up its memory: the next one is there before it goes, and no request fails. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Placed, startPlaced } from "../shop/placed.ts";
import { type Load, startLoad } from "./open-loop.ts";

const leakBytes = 5 * 2 ** 20;
const rate = 1;
const recyclesMin = 2;
const limitMs = 120_000;

describe("a host that leaks 5 MiB a call, with 256 MiB", () => {
  let placed: Placed | undefined;
  const running = (): Placed => placed ?? assert.fail("nothing runs");
  before(async () => {
    const at = (file: string) => path.join(import.meta.dirname, file);
    placed = await startPlaced(at("stubborn.system.ts"), at("stubborn.json"));
  });
  after(() => placed?.close());

  let load: Load | undefined;
  afterEach(() => load?.stop());

  test("is replaced again and again: no request fails, none is the only one while it ends, none is killed", async (t) => {
    load = startLoad({ url: () => `${running().url}/leak?bytes=${leakBytes}`, rate });
    const endMs = performance.now() + limitMs;
    let most = 0;
    let hosts: Awaited<ReturnType<Placed["status"]>>["hosts"] = [];
    const pids = new Set<number>();
    while (pids.size <= recyclesMin) {
      assert.ok(performance.now() < endMs, `${pids.size} processes in ${limitMs} ms: ${JSON.stringify(hosts)}`);
      hosts = (await running().status()).hosts.filter(({ group }) => group === "leaky");
      assert.ok(hosts.length <= 2, "one is replaced at a time");
      assert.ok(
        hosts.some(({ state }) => state === "ready"),
        JSON.stringify(hosts),
      );
      for (const { pid, rss, state } of hosts) {
        most = Math.max(most, rss);
        if (state === "ready" && pid !== null) pids.add(pid);
      }
      await pause(50);
    }
    const asked = await load.stop();
    t.diagnostic(`${asked.length} requests, at most ${Math.round(most / 2 ** 20)} MiB, ${pids.size - 1} recycles`);
    assert.deepEqual(
      asked.filter(({ failure, resends }) => failure !== undefined || resends > 0),
      [],
    );
    assert.ok(most < 256 * 2 ** 20, `${most} bytes`);
    assert.doesNotMatch(running().log, / ended"/);
  });
});
