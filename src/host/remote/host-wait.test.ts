/** Tests how long a call waits for a leader, and for a host that is started again. Time is virtual. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeededRandom, createVirtualClock, sleep } from "../../core/index.ts";
import { isSkeinError, skeinError } from "../../errors/index.ts";
import type { Connection } from "../../transport/index.ts";
import { HostWait, untilLed, untilStarted } from "./host-wait.ts";
import { Replicas } from "./replicas.ts";

const unreachable = () => Promise.reject<never>(skeinError("SKEIN_TRANSPORT_UNREACHABLE"));

test("a call waits until a leader can be reached", async () => {
  const clock = createVirtualClock();
  let isThere = false;
  const waiting = new HostWait(clock).until(untilLed, 10_000, () =>
    isThere ? Promise.resolve("the leader") : unreachable(),
  );
  await clock.advance(3_300);
  isThere = true;
  await clock.advance(150);
  assert.equal(await waiting, "the leader");
});

for (const [what, timeoutMs, endMs] of [
  ["five seconds", 10_000, 5_000],
  ["less than its deadline", 1_000, 900],
  ["five seconds, without a deadline", undefined, 5_000],
] as const) {
  test(`and no longer than ${what}`, async () => {
    const clock = createVirtualClock();
    let failedMs = 0;
    const failed = new HostWait(clock).until(untilLed, timeoutMs, unreachable).catch((error: unknown) => {
      failedMs = clock.monotonic();
      return error;
    });
    await clock.advance(20_000);
    const error = await failed;
    assert.ok(isSkeinError(error));
    assert.deepEqual([error.code, error.outcome, error.retry], ["SKEIN_LEADER_NONE", "not_started", true]);
    assert.equal(failedMs, endMs);
  });
}

test("a thousand may wait, and the next one is told at once", async () => {
  const clock = createVirtualClock();
  const wait = new HostWait(clock);
  const thousand = Array.from({ length: 1_000 }, () => wait.until(untilLed, 300, unreachable).catch(() => undefined));
  await assert.rejects(wait.until(untilLed, undefined, unreachable), {
    code: "SKEIN_LEADER_NONE",
    message: /1000 calls wait/,
  });
  await clock.advance(300);
  await Promise.all(thousand);
  const again = assert.rejects(wait.until(untilLed, 10, unreachable), { code: "SKEIN_LEADER_NONE" });
  await clock.advance(50);
  await again;
});

/** Calls that ask for a host that is there from an instant on; when each was told, and what. */
async function asked(isThereMs: number, calls: readonly { readonly atMs: number; readonly timeoutMs?: number }[]) {
  const clock = createVirtualClock();
  const wait = new HostWait(clock);
  const reach = () => (clock.monotonic() >= isThereMs ? Promise.resolve("host") : unreachable());
  const told: { readonly ms: number; readonly what: unknown }[] = [];
  for (const [i, { atMs, timeoutMs }] of calls.entries()) {
    clock.after(atMs, () => {
      const tell = (what: unknown): void => void (told[i] = { ms: clock.monotonic(), what });
      wait.until(untilStarted, timeoutMs, reach).then(tell, (error: { readonly code: string }) => tell(error.code));
    });
  }
  await clock.advance(60_000);
  return told.map(({ ms, what }) => [ms, what]);
}

test("a call waits until the only host of its group has been started again", async () => {
  assert.deepEqual(await asked(1_450, [{ atMs: 100 }, { atMs: 1_200 }]), [
    [1_500, "host"],
    [1_500, "host"],
  ]);
});

test("and for two seconds at most, or less than its deadline; who comes later is told at once, until one was there", async () => {
  const gone = "SKEIN_TRANSPORT_UNREACHABLE";
  const calls = [{ atMs: 100 }, { atMs: 200, timeoutMs: 1_000 }, { atMs: 1_900 }, { atMs: 2_500 }, { atMs: 20_000 }];
  assert.deepEqual(await asked(30_000, calls), [
    [2_100, gone],
    [1_100, gone],
    [2_100, gone],
    [2_500, gone],
    [20_000, gone],
  ]);
});

test("256 may wait for a start, and the next one is told at once", async () => {
  const crowd = Array.from({ length: 257 }, (_, i) => ({ atMs: 100 + i / 1_000 }));
  const told = await asked(500, crowd);
  assert.equal(told.filter(([, what]) => what === "host").length, 256);
  assert.deepEqual(told.at(-1), [100.256, "SKEIN_TRANSPORT_UNREACHABLE"]);
});

test("a host that is there and refuses who asks is not waited for", async () => {
  const clock = createVirtualClock();
  const refused = () => Promise.reject<never>(skeinError("SKEIN_TRANSPORT_DENIED"));
  await assert.rejects(new HostWait(clock).until(untilStarted, 1_000, refused), { code: "SKEIN_TRANSPORT_DENIED" });
});

/** Made of an only host that has become silent, on whom no try gets an answer. */
async function silentOnly() {
  const clock = createVirtualClock();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const connection = { isOpen: true, inFlight: 0, answered: 100, isSilent: true, closed };
  let next: Connection | undefined = connection as unknown as Connection;
  const connect = (): Promise<Connection> => {
    const one = next;
    next = undefined;
    return one === undefined ? sleep(clock, 1_000).then(unreachable) : Promise.resolve(one);
  };
  const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
  replicas.update(["only"]);
  await replicas.reach(1_000);
  connection.isOpen = false;
  resolve();
  await clock.advance(1);
  const back = (): void => {
    next = { ...connection, isOpen: true, closed: new Promise(() => undefined) } as unknown as Connection;
  };
  /** When a call made now is told, and what, counted from now. */
  const asked = async (): Promise<readonly [number, string]> => {
    const beganMs = clock.monotonic();
    const told = replicas.reach(10_000).then(
      () => "host",
      (error: { readonly message: string }) => error.message,
    );
    let what: string | undefined;
    void told.then((text) => (what = text));
    while (what === undefined) await clock.advance(100);
    return [clock.monotonic() - beganMs, what];
  };
  return { clock, replicas, back, asked };
}

test("an only host that is silent: waited for until the routes would say that it hangs; from then on it is the network", async () => {
  const { asked } = await silentOnly();
  const [ms, what] = await asked();
  assert.ok(ms >= 500 && ms <= 700, `${ms}`);
  assert.match(what, /no replica answers/);
  assert.ok((await asked())[0] <= 100);
});

test("an only host that hangs is waited for for 2 s, once, and so is the one that is started in its place", async () => {
  const { clock, replicas, back, asked } = await silentOnly();
  await clock.advance(300);
  replicas.update([], { absent: "silent" });
  const [ms, what] = await asked();
  assert.ok(ms >= 1_900 && ms <= 2_100, `${ms}`);
  assert.match(what, /its host hangs: it has said nothing for more than 2 s/);
  assert.ok((await asked())[0] <= 100);
  await clock.advance(5_000);
  replicas.update([], { absent: "starting" });
  clock.after(1_200, () => {
    back();
    replicas.update(["next"]);
  });
  const [nextMs, next] = await asked();
  assert.equal(next, "host");
  assert.ok(nextMs >= 1_200 && nextMs <= 1_400, `${nextMs}`);
});

test("a group waits by the rule of its kind", async () => {
  const clock = createVirtualClock();
  const connect = (): Promise<Connection> => unreachable();
  for (const [hasLeader, code] of [
    [false, "SKEIN_TRANSPORT_UNREACHABLE"],
    [true, "SKEIN_LEADER_NONE"],
  ] as const) {
    const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
    replicas.update([], { hasLeader });
    const waiting = assert.rejects(replicas.reach(1_000), { code });
    await clock.advance(1_000);
    await waiting;
    replicas.close();
    if (!hasLeader) await assert.rejects(replicas.reach(1_000), { code });
  }
});

for (const [what, servedMs, answered] of [
  ["has answered calls", 1_000, 100],
  ["was there for a while", 60_000, 0],
] as const) {
  test(`after a partition that healed by itself the only host, which ${what} since, is waited for when it dies`, async () => {
    const clock = createVirtualClock();
    const network = { reach: "host" as "host" | "nobody" | "nothing", ends: [] as ((isSilent: boolean) => void)[] };
    const connect = (): Promise<Connection> => {
      // Nobody: a refusal, at once. Nothing: no answer at all.
      if (network.reach === "nobody") return unreachable();
      if (network.reach === "nothing") return sleep(clock, 1_000).then(unreachable);
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const connection = { isOpen: true, inFlight: 0, answered: 0, isSilent: false, closed };
      network.ends.push((isSilent) => {
        Object.assign(connection, { isOpen: false, isSilent, answered });
        resolve();
      });
      return Promise.resolve(connection as unknown as Connection);
    };
    const replicas = new Replicas({ clock, random: createSeededRandom(1), connect });
    replicas.update(["only"]);
    await replicas.reach(1_000);
    network.reach = "nothing";
    network.ends.pop()?.(true);
    // It may hang, which the routes would say by now.
    await clock.advance(500);
    // Calls fail for longer than any waits.
    for (let i = 0; i < 30; i++) {
      await clock.advance(100);
      await assert.rejects(replicas.reach(10_000), { code: "SKEIN_TRANSPORT_UNREACHABLE" });
    }
    network.reach = "host";
    // No call has waited for it.
    for (let i = 0; replicas.pick() === undefined; i++) {
      assert.ok(i < 50, "it has healed");
      await clock.advance(100);
    }
    await clock.advance(servedMs);
    network.reach = "nobody";
    network.ends.pop()?.(false);
    const beganMs = clock.monotonic();
    const reached = replicas.reach(10_000).then(() => clock.monotonic() - beganMs);
    await clock.advance(500);
    network.reach = "host";
    await clock.advance(200);
    assert.ok((await reached) <= 700);
  });
}
