/** Owns what a broken or hostile peer can do to a session: end its own connection. It must never use a well-behaved peer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Clock, createVirtualClock, systemClock } from "../core/index.ts";
import { answering, ask } from "./fixtures/asked.ts";
import { Callee } from "./callee.ts";
import { Caller } from "./caller.ts";
import { Codec } from "./codec/codec.ts";
import { FrameWriter, frame } from "./frames.ts";
import { memoryChannels } from "./memory-channel.ts";
import type { Operation } from "./port.ts";
import { loose, type SessionOptions } from "./session.ts";

const now = (run: () => void): void => void setImmediate(run);
const options: SessionOptions = { clock: systemClock, soon: now, greeting: { system: "shop", token: "secret" } };
const any = new Codec({ is: "any" });
const echo: Operation = { service: "a", method: "echo", isStream: false, input: any, output: any };
const hello = { version: 1, ...options.greeting };

/** A callee, and the other end of its channel as a writer of frames. */
function victim(answer: () => unknown = () => Promise.resolve(1)) {
  const [here, there] = memoryChannels(now);
  const callee = new Callee(there, options, () => echo, answering(answer));
  callee.greeted.catch(() => undefined);
  const received: Buffer[] = [];
  const closed = new Promise<void>((resolve) =>
    here.start({
      data: (bytes) => received.push(Buffer.from(bytes)),
      drained: () => undefined,
      closed: () => resolve(),
    }),
  );
  const to = new FrameWriter((bytes) => here.write(bytes), now);
  const say = (type: number, call: number, value?: unknown): void => {
    const writer = to.begin(type, call);
    if (value !== undefined) loose.write(writer, value);
    to.finish();
    to.flush();
  };
  return { callee, here, to, say, closed, received };
}

/** A call of the first method, with the path of this number. */
function sayCall({ to }: ReturnType<typeof victim>, path: number, timeoutMs?: number): void {
  const call = to.begin(frame.call, 1);
  call.varint(0);
  call.u8(timeoutMs === undefined ? 0 : 1);
  for (const slot of [0, path]) call.varint(slot);
  call.varint(0);
  call.inline("t");
  if (timeoutMs !== undefined) call.f64(timeoutMs);
  loose.write(call, 1);
  to.finish();
  to.flush();
}

for (const [name, attack] of Object.entries<(v: ReturnType<typeof victim>) => void>({
  "a frame before the greeting": (v) => v.say(frame.ping, 0),
  "two greetings": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.hello, 0, hello);
  },
  "a call of a method that was never told": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.call, 1, { a: 1 });
  },
  "a method without a name": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.method, 0, { service: "", method: 7, input: { is: "any" } });
  },
  "a layout that is none": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.method, 0, { service: "a", method: "echo", input: { is: "record", required: 9, fields: [] } });
  },
  "a layout with a refused name": (v) => {
    const input = { is: "record", required: 1, fields: [{ name: "prototype", of: { is: "any" } }] };
    v.say(frame.hello, 0, hello);
    v.say(frame.method, 0, { service: "a", method: "echo", input });
  },
  "a reply, which only a callee sends": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.reply, 1, 1);
  },
  "a checksum that is wrong": (v) => {
    v.say(frame.hello, 0, hello);
    v.here.write(Buffer.from([9, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 14, 0, 0, 0, 0]));
  },
  "a write of 4 GiB": (v) => void v.here.write(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])),
  "a layout in which nothing is a part": (v) => {
    v.say(frame.hello, 0, hello);
    const input = { is: "list", of: { is: "nothing" } };
    v.say(frame.method, 0, { service: "a", method: "echo", input });
  },
  "a path of something else than texts": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.method, 0, { service: "a", method: "echo", input: { is: "any" } });
    v.say(frame.value, 1, ["page.home", 7]);
    sayCall(v, 1);
  },
  "a timeout without end": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.method, 0, { service: "a", method: "echo", input: { is: "any" } });
    sayCall(v, 0, Infinity);
  },
  "credit for nothing": (v) => {
    v.say(frame.hello, 0, hello);
    v.say(frame.method, 0, { service: "a", method: "echo", input: { is: "any" } });
    sayCall(v, 0);
    v.to.begin(frame.credit, 1).varint(1);
    v.to.finish();
    v.to.flush();
  },
})) {
  test(`a peer that sends ${name} is cut, and nothing else happens`, { timeout: 10_000 }, async () => {
    const v = victim(() => new Promise(() => undefined));
    attack(v);
    await v.closed;
    await v.callee.closed;
    assert.equal(v.callee.inFlight, 0);
  });
}

test("a layout with more to it than a layout has is read for what it is", async () => {
  const v = victim();
  v.say(frame.hello, 0, hello);
  const input = { is: "record", fields: [{ name: "a", of: { is: "any", x: 1n } }], required: 1, later: 10n };
  v.say(frame.method, 0, { service: "a", method: "echo", input });
  v.say(frame.ping, 0);
  while (v.received.length < 2) await new Promise((resolve) => now(() => resolve(undefined)));
  assert.equal(v.callee.isOver, false);
  v.here.end();
  await v.callee.closed;
});

test("a token that is wrong in any way learns nothing", async () => {
  for (const token of ["", "secre", "secrex", "secret ", 7, null]) {
    const v = victim();
    v.say(frame.hello, 0, { ...hello, token });
    await v.closed;
    assert.equal(v.received.length, 0);
  }
});

test("a greeting of another version is refused by both sides, which name the two versions", async () => {
  const refusal = (other: unknown) => ({
    code: "SKEIN_TRANSPORT_PROTOCOL",
    outcome: "not_started",
    message: `the other side sent version ${String(other)} of the protocol; this is ${hello.version}`,
  });
  for (const other of [hello.version + 1, 0, "1", undefined]) {
    let asked = 0;
    const v = victim(() => Promise.resolve(++asked));
    const refused = assert.rejects(v.callee.greeted, refusal(other));
    // All in one write, as from somebody who does not wait for the answer.
    loose.write(v.to.begin(frame.hello, 0), { ...hello, version: other });
    v.to.finish();
    loose.write(v.to.begin(frame.method, 0), { service: "a", method: "echo", input: { is: "any" } });
    v.to.finish();
    sayCall(v, 0);
    await refused;
    await v.closed;
    assert.deepEqual([asked, v.callee.inFlight, v.received.length], [0, 0, 0]);

    const [here, there] = memoryChannels(now);
    const to = new FrameWriter((bytes) => there.write(bytes), now);
    there.start({ data: () => undefined, drained: () => undefined, closed: () => undefined });
    const caller = new Caller(here, options);
    loose.write(to.begin(frame.hello, 0), { ...hello, version: other });
    to.finish();
    await assert.rejects(caller.greeted, refusal(other));
    assert.equal(caller.isOpen, false);
  }
});

test("property: any bytes at all, after a greeting or before, end the connection or do nothing; a neighbour is served", async () => {
  const [here, there] = memoryChannels(now);
  const neighbour = new Callee(
    there,
    options,
    () => echo,
    answering((call) => Promise.resolve(call.input)),
  );
  const caller = new Caller(here, options);
  await caller.greeted;
  const head = { traceId: "t", parentSpan: 0, path: [] };
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }),
      async (greets, pieces) => {
        const v = victim();
        if (greets) v.say(frame.hello, 0, hello);
        for (const piece of pieces) v.here.write(Buffer.from(piece));
        v.here.end();
        await v.callee.closed;
        assert.equal(await ask(caller, { operation: echo, head, input: "still here" }), "still here");
      },
    ),
    { numRuns: 300 },
  );
  caller.close();
  await neighbour.closed;
});

test("a callee that goes silent is noticed within 2 s while somebody waits, and within 10 s when nobody does", async () => {
  for (const [waits, limitMs, beginMs] of [
    [true, 2_000, 0],
    [true, 2_000, 130],
    [false, 10_000, 0],
    [false, 10_000, 250],
    [false, 10_000, 490],
  ] as const) {
    const clock = createVirtualClock();
    await clock.advance(beginMs);
    const [here, there] = memoryChannels(now);
    const to = new FrameWriter((bytes) => there.write(bytes), now);
    there.start({ data: () => undefined, drained: () => undefined, closed: () => undefined });
    const caller = new Caller(here, { ...options, clock });
    loose.write(to.begin(frame.hello, 0), hello);
    to.finish();
    await caller.greeted;
    const call = waits
      ? ask(caller, { operation: echo, head: { traceId: "t", parentSpan: 0, path: [] }, input: 1 })
      : undefined;
    const failed =
      call === undefined ? undefined : assert.rejects(call, { code: "SKEIN_TRANSPORT_LOST", outcome: "unknown" });
    let isClosed = false;
    void caller.closed.then(() => (isClosed = true));
    const startMs = clock.monotonic();
    while (!isClosed) {
      await clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(clock.monotonic() - startMs <= limitMs, `not noticed after ${limitMs} ms`);
    }
    await failed;
  }
});

test("more calls under way than a connection may have are refused, not queued", async () => {
  const [here, there] = memoryChannels(now);
  const callee = new Callee(
    there,
    options,
    () => echo,
    answering(() => new Promise(() => undefined)),
  );
  const caller = new Caller(here, options);
  await caller.greeted;
  const call = { operation: echo, head: { traceId: "t", parentSpan: 0, path: [] }, input: 1 };
  const calls = Array.from({ length: 1_024 }, () => ask(caller, call));
  await assert.rejects(ask(caller, call), { code: "SKEIN_TRANSPORT_CROWDED", outcome: "not_started" });
  caller.close();
  const settled = await Promise.allSettled(calls);
  assert.ok(settled.every((one) => one.status === "rejected"));
  await callee.closed;
});

for (const [name, breaks] of Object.entries<(to: FrameWriter, id: number) => void>({
  "a frame that only a caller sends": (to) => to.bare(frame.call, 9),
  "an error that cannot be read": (to, id) => to.bare(frame.error, id),
  "a reply that cannot be read": (to, id) => to.bare(frame.reply, id),
  "the end of a stream that is none": (to, id) => to.bare(frame.end, id),
  "an item of a stream that is none": (to, id) => to.bare(frame.item, id),
})) {
  test(`a caller is told of ${name}, and its calls end as unknown`, { timeout: 10_000 }, async () => {
    const { caller, to } = await alone();
    const call = ask(caller, { operation: echo, head: { traceId: "t", parentSpan: 0, path: [] }, input: 1 });
    breaks(to, 2);
    await assert.rejects(call, { code: "SKEIN_TRANSPORT_PROTOCOL", outcome: "unknown" });
  });
}

test("a reply to a stream is no end of it", { timeout: 10_000 }, async () => {
  const { caller, to } = await alone();
  const operation = { ...echo, isStream: true };
  const items = caller.stream({ operation, head: { traceId: "t", parentSpan: 0, path: [] }, input: 1 });
  const first = items.next();
  loose.write(to.begin(frame.reply, 2), 1);
  to.finish();
  await assert.rejects(first, { code: "SKEIN_TRANSPORT_PROTOCOL", outcome: "unknown" });
});

/** A caller that is greeted, and the writer of what it is sent. */
async function alone() {
  const [here, there] = memoryChannels(now);
  const to = new FrameWriter((bytes) => there.write(bytes), now);
  there.start({ data: () => undefined, drained: () => undefined, closed: () => undefined });
  const caller = new Caller(here, options);
  loose.write(to.begin(frame.hello, 0), hello);
  to.finish();
  await caller.greeted;
  return { caller, to };
}

for (const [when, beforeMs] of [
  ["before it asked", 0],
  ["while it waited for the answer", 1_000],
] as const)
  test(`a caller whose own process was held up ${when} does not take that for the callee's silence`, () =>
    isPatient(beforeMs));

async function isPatient(beforeMs: number): Promise<void> {
  const virtual = createVirtualClock();
  let heldMs = 0;
  const clock: Clock = { ...virtual, monotonic: () => virtual.monotonic() + heldMs };
  const [here, there] = memoryChannels(now);
  const to = new FrameWriter((bytes) => there.write(bytes), now);
  there.start({ data: () => undefined, drained: () => undefined, closed: () => undefined });
  const caller = new Caller(here, { ...options, clock });
  loose.write(to.begin(frame.hello, 0), hello);
  to.finish();
  await caller.greeted;
  const call = ask(caller, { operation: echo, head: { traceId: "t", parentSpan: 0, path: [] }, input: 1 });
  call.catch(() => undefined);
  await virtual.advance(beforeMs);
  // Time passes in which this process had no turn; its timers then fire late.
  heldMs += 20_000;
  await virtual.advance(500);
  assert.equal(caller.isOpen, true);
  // With turns of its own again, it notices.
  await virtual.advance(3_000);
  await assert.rejects(call, { code: "SKEIN_TRANSPORT_LOST" });
}
