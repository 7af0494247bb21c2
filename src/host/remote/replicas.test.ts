/** Proves which replica a call finds when they come and go. It must never need a socket: what connects is given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeededRandom, createVirtualClock } from "../../core/index.ts";
import type { Connection } from "../../transport/index.ts";
import { Replicas } from "./replicas.ts";

/** A connection that nothing is sent over. */
function connection(isOpen: boolean, inFlight = 0): Connection {
  return { isOpen, inFlight, closed: new Promise<void>(() => undefined) } as unknown as Connection;
}

test("a call waits for the replica that is on its way when the first that answered leaves already", async () => {
  const clock = createVirtualClock();
  const second = Promise.withResolvers<Connection>();
  const replicas = new Replicas({
    clock,
    random: createSeededRandom(1),
    connect: (address) => (address === "leaving" ? Promise.resolve(connection(false)) : second.promise),
  });
  replicas.update(["leaving", "late"]);
  const reached = replicas.reach(1_000);
  await clock.advance(1);
  const late = connection(true);
  second.resolve(late);
  assert.equal((await reached).connection, late);
});

test("where all that answer leave, the call is told that it did not start", async () => {
  const clock = createVirtualClock();
  const connect = () => Promise.resolve(connection(false));
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update(["leaving"]);
  const reached = replicas.reach(1_000);
  const told = assert.rejects(reached, { code: "SKEIN_TRANSPORT_UNREACHABLE", outcome: "not_started" });
  await clock.advance(1_000);
  await told;
});

test("one that comes to others has a small share of the calls at first, and its whole one after 5 s", async () => {
  const clock = createVirtualClock();
  const connect = () => Promise.resolve(connection(true));
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update(["a", "b"]);
  await replicas.reach(1_000);
  replicas.pick();
  await clock.advance(1);
  const shareOfNew = (): number => {
    let count = 0;
    for (let i = 0; i < 3_000; i++) if (replicas.pick()?.address === "new") count++;
    return count / 3_000;
  };
  replicas.update(["a", "b", "new"]);
  replicas.pick();
  await clock.advance(1);
  const [first, half, last] = [
    shareOfNew(),
    (await clock.advance(2_500), shareOfNew()),
    (await clock.advance(2_500), shareOfNew()),
  ];
  assert.ok(first > 0 && first < 0.06, `${first} at first`);
  assert.ok(half > 0.1 && half < 0.3, `${half} after half of it`);
  assert.ok(last > 0.28 && last < 0.4, `${last} at last`);
  // Alone it has all of them, however young it is.
  replicas.update(["new", "newer"]);
  replicas.update(["newer"]);
  replicas.pick();
  await clock.advance(1);
  assert.equal(replicas.pick()?.address, "newer");
});

test("of two that are no longer young the one with fewer calls under way is asked", async () => {
  const connect = (address: string) => Promise.resolve(connection(true, address === "busy" ? 3 : 2));
  const replicas = new Replicas({ clock: createVirtualClock(), random: createSeededRandom(1), connect });
  replicas.update(["busy", "less busy"]);
  await replicas.open();
  for (let i = 0; i < 100; i++) assert.equal(replicas.pick()?.address, "less busy");
});

test("a young one is asked where another has many calls more: that one may hang", async () => {
  const clock = createVirtualClock();
  const connect = (address: string) => Promise.resolve(connection(true, address === "old" ? 30 : 0));
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update(["old"]);
  await replicas.reach(1_000);
  replicas.update(["old", "young"]);
  replicas.pick();
  await clock.advance(1);
  for (let i = 0; i < 100; i++) assert.equal(replicas.pick()?.address, "young");
});

test("one that leaves is asked less as the others grow, in the end for one call of twenty, and wholly again where it stays", async () => {
  const clock = createVirtualClock();
  const connect = () => Promise.resolve(connection(true));
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update(["old"], { leaving: ["old"] });
  await replicas.reach(1_000);
  // Nobody is there to have its place yet.
  assert.equal(replicas.pick()?.address, "old");
  replicas.update(["old", "new"], { leaving: ["old"] });
  await replicas.open();
  const shareOfOld = (): number => {
    let count = 0;
    for (let i = 0; i < 3_000; i++) if (replicas.pick()?.address === "old") count++;
    return count / 3_000;
  };
  const shares = [shareOfOld()];
  for (let part = 0; part < 4; part++) {
    await clock.advance(4_000);
    shares.push(shareOfOld());
  }
  const [first = 0, , , , last = 1] = shares;
  assert.ok(first > 0.92, `${first} at first`);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => b - a),
  );
  assert.ok(last > 0.02 && last < 0.08, `${last} at last`);
  replicas.update(["old", "new"]);
  const again = shareOfOld();
  assert.ok(again > 0.45 && again < 0.55, `${again} where it stays`);
});

test("one that leaves is asked where the one that comes hangs", async () => {
  const clock = createVirtualClock();
  const connect = (address: string) => Promise.resolve(connection(true, address === "new" ? 30 : 0));
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update(["old"]);
  await replicas.reach(1_000);
  replicas.update(["old", "new"], { leaving: ["old"] });
  await replicas.open();
  await clock.advance(16_000);
  for (let i = 0; i < 100; i++) assert.equal(replicas.pick()?.address, "old");
});

test("connections are opened before a call needs one; who refuses is tried again by the calls", async () => {
  const clock = createVirtualClock();
  const asked: string[] = [];
  const connect = (address: string) => {
    asked.push(address);
    return address === "gone" ? Promise.reject(new Error("refused")) : Promise.resolve(connection(true));
  };
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update(["a", "gone", "b"]);
  await replicas.open();
  assert.deepEqual(asked, ["a", "gone", "b"]);
  assert.notEqual(replicas.pick()?.address, "gone");
  await clock.advance(1_000);
  replicas.pick();
  assert.deepEqual(asked, ["a", "gone", "b", "gone"]);
});
