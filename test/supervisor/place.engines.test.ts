/** Changing the placement of a running shop: nothing fails, what cannot be is refused, what was begun ends well or not at all. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type PlacedShop, processesOf, startPlacedShop } from "../shop/placed.ts";

const limitMs = 60_000;
const placements = path.join(import.meta.dirname, "../../examples/shop/placements");

/** Asks for pages and orders one after the other until told to end, and then says every answer that was not one. */
function asking(urlOf: () => string): () => Promise<{ readonly asked: number; readonly wrong: readonly string[] }> {
  let isOver = false;
  const answers = (async () => {
    const wrong: string[] = [];
    let asked = 0;
    for (; !isOver; asked++) {
      try {
        const isOrder = asked % 4 === 0;
        const body = JSON.stringify({ user: "ann", items: [{ sku: "KIT-0101", quantity: 1 }] });
        const headers = { "content-type": "application/json", "idempotency-key": `place-test-${asked}-000000` };
        const order = { method: "POST", headers, body };
        const response = await fetch(`${urlOf()}${isOrder ? "/orders" : "/home?user=ann"}`, isOrder ? order : {});
        const text = await response.text();
        // The provider of the shop's payments fails by design now and then; then the same key is asked again.
        const isPending = text.includes("PAYMENT_PENDING");
        if (response.status >= 500 && !isPending) wrong.push(`${response.status} ${text.slice(0, 200)}`);
      } catch (error) {
        wrong.push(String(error));
      }
      await pause(5);
    }
    return { asked, wrong };
  })();
  return () => {
    isOver = true;
    return answers;
  };
}

describe(
  "a placement that changes",
  { skip: process.platform === "linux" ? false : "it counts processes in /proc" },
  () => {
    let shop: PlacedShop | undefined;
    const running = (): PlacedShop => shop ?? assert.fail("no shop runs");
    const groups = async (): Promise<Record<string, readonly string[]>> => {
      const { hosts } = await running().status();
      return Object.fromEntries(hosts.map(({ group, services }) => [group, services]));
    };
    const moveFile = (): string => path.join(running().home, "run/move.json");
    /** Every process is one that the status names, the holder apart. */
    const noOrphans = async (): Promise<void> => {
      const { hosts } = await running().status();
      const known = hosts.map(({ pid }) => pid);
      const found = processesOf(running().home).filter(({ id }) => id !== "holder" && id !== "other");
      assert.deepEqual(
        found.map(({ pid }) => pid).toSorted((a, b) => a - b),
        known.map(Number).toSorted((a, b) => a - b),
      );
    };

    before(async () => {
      shop = await startPlacedShop("split");
    });
    after(async () => shop?.close());

    test("one service gets a process of its own while customers ask, and goes back", async () => {
      const enough = asking(() => running().url);
      const moving = running().place("payments=own");
      while (!existsSync(moveFile())) await pause(10);
      await assert.rejects(running().place("search=own"), /SKEIN_PLACE_BUSY/);
      const placed = JSON.parse(await moving) as { moved: string[] };
      assert.deepEqual(placed.moved, ["notify", "orders", "payments", "stock"]);
      assert.deepEqual((await groups())["own"], ["payments"]);
      await running().place("payments=orders");
      assert.equal((await groups())["own"], undefined);
      const { asked, wrong } = await enough();
      assert.deepEqual(wrong, []);
      assert.ok(asked > 20, `only ${asked} requests were made`);
      await noOrphans();
    });

    test("a dry run says the steps and does nothing; what pins and names forbid is refused", async () => {
      const before = await running().status();
      const { steps } = JSON.parse(await running().place("--dry-run", "search=own")) as { steps: string[] };
      assert.ok(steps.includes("start 1 x own (search)"), steps.join("\n"));
      await assert.rejects(running().place("stock=own"), /SKEIN_PLACEMENT_INVALID/);
      await assert.rejects(running().place("stok=own"), /SKEIN_PLACEMENT_INVALID/);
      await assert.rejects(running().place("--file", "/nowhere.json"), /SKEIN_PLACEMENT_INVALID/);
      const greedy = path.join(running().home, "greedy.json");
      writeFileSync(
        greedy,
        JSON.stringify({ rest: "all", groups: { all: { services: [], replicas: 64, memory: "1Ti" } } }),
      );
      await assert.rejects(running().place("--file", greedy), /SKEIN_PLACE_REFUSED/);
      const pids = ({ hosts }: typeof before) => hosts.map(({ pid }) => pid);
      assert.deepEqual(pids(await running().status()), pids(before));
    });

    for (const [phase, outcome] of [
      ["starting", "taken back"],
      ["switched", "finished"],
    ] as const)
      test(`the supervisor is killed in a move that is ${phase}: it is ${outcome}`, async () => {
        const enough = asking(() => running().url);
        const before = await groups();
        const moving = running().place(
          "--file",
          path.join(placements, phase === "starting" ? "each.json" : "one.json"),
        );
        moving.catch(() => undefined);
        const endMs = performance.now() + limitMs;
        while (!existsSync(moveFile()) || !readFileSync(moveFile(), "utf8").includes(`"${phase}"`)) {
          assert.ok(performance.now() < endMs, `the move was not ${phase} in time`);
          await pause(10);
        }
        running().supervisor.kill("SIGKILL");
        await assert.rejects(moving);
        await running().restart();
        assert.equal(existsSync(moveFile()), false);
        assert.deepEqual(
          Object.keys(await groups()).toSorted(),
          outcome === "finished" ? ["one"] : Object.keys(before).toSorted(),
        );
        const { wrong } = await enough();
        assert.deepEqual(wrong, []);
        // What was told to end has a moment to.
        const left = (): number =>
          processesOf(running().home).filter(({ id }) => id !== "holder" && id !== "other").length;
        const { hosts } = await running().status();
        while (performance.now() < endMs && left() > hosts.length) await pause(100);
        await noOrphans();
      });
  },
);
