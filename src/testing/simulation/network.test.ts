/** Proves that sessions over the simulated network are sessions over TCP, and that its faults are what they say. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { afterTurn, createSeededRandom, createVirtualClock, systemClock } from "../../core/index.ts";
import { conformance } from "../../transport/fixtures/conformance.ts";
import { type Answer, Codec, type Connection, type Operation } from "../../transport/index.ts";
import { Machine } from "./machine.ts";
import { type NetworkFaults, SimulatedNetwork } from "./network.ts";

const greeting = { system: "shop", token: "t".repeat(32) };
const stormy: NetworkFaults = { delayMs: [0, 0.3], loss: 0, duplicate: 0.2, reorder: 0.3 };

// In real time: the suite waits for nothing but the calls themselves.
conformance({
  name: "simulated network",
  async open(find, answer) {
    const network = new SimulatedNetwork({ clock: systemClock, random: createSeededRandom(1), faults: stormy });
    const [client, server] = ["client", "server"].map((name) => network.join(new Machine(name, systemClock)));
    const options = { clock: systemClock, soon: afterTurn, greeting };
    const listener = await server!.listen({ path: "server/1" }, options, find, answer);
    return {
      connect: () => client!.connect({ path: "server/1" }, options),
      close: (drainMs, mayWait) => listener.close(drainMs, mayWait),
    };
  },
});

const echo: Operation = {
  service: "a",
  method: "echo",
  isStream: false,
  input: new Codec({ is: "any" }),
  output: new Codec({ is: "any" }),
};
const head = { traceId: "a".repeat(32), parentSpan: 1, path: [] };

const nobody: Answer = {
  unary: () => assert.fail("nobody calls"),
  stream: () => assert.fail("nobody calls"),
};

/** A client and a server of one operation, under a virtual clock. */
async function pair(faults: Partial<NetworkFaults> = {}, seed = 1) {
  const clock = createVirtualClock();
  const notes: string[] = [];
  const network = new SimulatedNetwork({
    clock,
    random: createSeededRandom(seed),
    faults: { delayMs: [1, 5], loss: 0, duplicate: 0, reorder: 0, ...faults },
    note: (what) => notes.push(`${clock.monotonic()} ${what}`),
  });
  const [client, server] = [new Machine("client", clock), new Machine("server", clock)];
  const optionsOf = (machine: Machine) => ({
    clock: machine.clock,
    greeting,
    soon: (run: () => void) => void machine.clock.after(0, run),
  });
  const answered: unknown[] = [];
  const listener = await network.join(server).listen({ path: "server/1" }, optionsOf(server), () => echo, {
    unary({ input }, told) {
      answered.push(input);
      told.resolve(input);
    },
    stream: nobody.stream,
  });
  const connect = () => network.join(client).connect({ path: "server/1" }, optionsOf(client));
  let connection: Connection | undefined;
  while (connection === undefined) {
    // A lost SYN is a connection that was not made.
    const connecting = connect().catch(() => undefined);
    await clock.advance("4s");
    connection = await connecting;
  }
  const connected = connection;
  /** What becomes of a call: its reply, or its code and outcome. */
  const call = (input: unknown): { now: unknown } => {
    const seen: { now: unknown } = { now: "nothing yet" };
    connected.unary(
      { operation: echo, head, input },
      {
        resolve: (reply) => (seen.now = reply),
        reject: ({ code, outcome }) => (seen.now = `${code} ${outcome}`),
      },
    );
    return seen;
  };
  return { clock, network, notes, client, server, connection, connect, call, answered, listener };
}

describe("the simulated network", () => {
  it("repeats itself: the same seed is the same run, segment by segment", async () => {
    const run = async (seed: number) => {
      const { clock, call, notes } = await pair({ loss: 0.2, duplicate: 0.2, reorder: 0.2 }, seed);
      for (let i = 0; i < 50; i++) call({ i, text: "x".repeat(i * 7) });
      await clock.advance("1s");
      return notes;
    };
    assert.deepEqual(await run(7), await run(7));
    assert.notDeepEqual(await run(7), await run(8));
  });

  it("loses nothing for good, gives nothing twice and nothing out of order", async () => {
    const { clock, call, answered, notes } = await pair({ loss: 0.2, duplicate: 0.2, reorder: 0.3 });
    const calls = Array.from({ length: 200 }, (_, i) => call(i));
    await clock.advance("20s");
    assert.deepEqual(
      calls.map(({ now }) => now),
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.deepEqual(
      answered,
      [...answered].toSorted((a, b) => Number(a) - Number(b)),
    );
    for (const what of ["lost", "drops a double"])
      assert.ok(
        notes.some((note) => note.includes(what)),
        what,
      );
  });

  it("a partition is silence: the session ends by itself, and what was sent is unknown", async () => {
    const { clock, network, call, connection } = await pair();
    network.partition("client", "server");
    const lost = call(1);
    await clock.advance("1.4s");
    assert.equal(lost.now, "nothing yet");
    await clock.advance("600ms");
    assert.equal(lost.now, "SKEIN_TRANSPORT_LOST unknown");
    assert.equal(connection.isOpen, false);
  });

  it("a short one is only a delay", async () => {
    const { clock, network, call, answered } = await pair();
    network.partition("client", "server");
    const late = call(1);
    await clock.advance("1s");
    assert.deepEqual(answered, []);
    network.heal("client", "server");
    await clock.advance("1s");
    assert.equal(late.now, 1);
  });

  it("a partition of one way lets the call through and not its reply", async () => {
    const { clock, network, call, answered } = await pair();
    network.partition("server", "client", true);
    const lost = call(1);
    await clock.advance("1s");
    assert.deepEqual([answered, lost.now], [[1], "nothing yet"]);
    await clock.advance("2s");
    assert.equal(lost.now, "SKEIN_TRANSPORT_LOST unknown");
  });

  it("a cut connection is reset at both ends", async () => {
    const { clock, network, call, connection } = await pair();
    const lost = call(1);
    network.cut("client", "server");
    await clock.advance("1ms");
    assert.equal(lost.now, "SKEIN_TRANSPORT_LOST unknown");
    assert.equal(connection.isOpen, false);
  });

  it("a killed process closes its connections, a machine without power says nothing", async () => {
    for (const isSilent of [false, true]) {
      const { clock, network, server, call, connect } = await pair();
      const lost = call(1);
      await clock.advance("0.5ms");
      server.kill();
      network.bury(server, isSilent);
      await clock.advance("100ms");
      assert.equal(lost.now, isSilent ? "nothing yet" : "SKEIN_TRANSPORT_LOST unknown");
      const again = connect().then(
        () => "connected",
        ({ code }: { code: string }) => code,
      );
      await clock.advance(isSilent ? "3s" : "100ms");
      assert.equal(await again, "SKEIN_TRANSPORT_UNREACHABLE");
      assert.equal(lost.now, "SKEIN_TRANSPORT_LOST unknown");
    }
  });

  it("a machine that is on again resets what it no longer knows", async () => {
    const { clock, network, server, call } = await pair();
    server.kill();
    network.bury(server, true);
    const lost = call(1);
    await clock.advance("100ms");
    network.revive("server");
    call(2);
    await clock.advance("100ms");
    assert.equal(lost.now, "SKEIN_TRANSPORT_LOST unknown");
  });

  it("a paused process answers late and is not given up at once", async () => {
    const { clock, server, call } = await pair();
    server.pause();
    const late = call(1);
    await clock.advance("1.2s");
    assert.equal(late.now, "nothing yet");
    server.resume();
    await clock.advance("100ms");
    assert.equal(late.now, 1);
    server.pause();
    const lost = call(2);
    await clock.advance("3s");
    assert.equal(lost.now, "SKEIN_TRANSPORT_LOST unknown");
    // What it had been sent is cancelled before it is read.
    server.resume();
    await clock.advance("100ms");
  });

  it("a writer whose reader stops is told to stop, and to go on", async () => {
    const { clock, connection, answered, server } = await pair();
    const big = "x".repeat(3_000_000);
    const seen: string[] = [];
    const send = () =>
      connection.unary(
        { operation: echo, head, input: big },
        { resolve: () => seen.push("reply"), reject: ({ code }) => seen.push(code) },
      );
    server.pause();
    for (let i = 0; i < 4; i++) {
      send();
      await clock.advance("10ms");
    }
    assert.deepEqual(seen, ["SKEIN_TRANSPORT_CROWDED"]);
    server.resume();
    await clock.advance("200ms");
    send();
    await clock.advance("200ms");
    assert.deepEqual(seen, ["SKEIN_TRANSPORT_CROWDED", "reply", "reply", "reply", "reply"]);
    assert.equal(answered.length, 4);
  });

  it("two cannot listen at one address", async () => {
    const { network, server } = await pair();
    const options = { clock: server.clock, greeting, soon: afterTurn };
    assert.throws(() => network.join(server).listen({ path: "server/1" }, options, () => echo, nobody), {
      code: "SKEIN_CONFIG_INVALID",
    });
  });
});
