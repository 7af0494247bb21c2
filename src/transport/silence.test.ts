/** Owns what is taken for life of the other side while bytes of this one wait to go out. It must never wait for real time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock, type VirtualClock } from "../core/index.ts";
import { Callee } from "./callee.ts";
import { Caller } from "./caller.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { Codec } from "./codec/codec.ts";
import { answering, ask } from "./fixtures/asked.ts";
import { FrameWriter, frame } from "./frames.ts";
import { waitingBytesMax } from "./limits.ts";
import type { Operation } from "./port.ts";
import { loose, type SessionOptions } from "./session.ts";

const any = new Codec({ is: "any" });
const echo: Operation = { service: "a", method: "echo", isStream: false, input: any, output: any };
const head = { traceId: "t", parentSpan: 0, path: [] };
const greeting = { system: "shop", token: "secret" };

function optionsOf(clock: VirtualClock): SessionOptions {
  return { clock, soon: (run) => void clock.after(0, run), greeting };
}

/** A way out over which so many bytes go in a second, and nothing once it is stuck. */
class Narrow implements Channel {
  readonly #clock: VirtualClock;
  readonly #bytesPerMs: number;
  #events!: ChannelEvents;
  #waiting = 0;
  #seen = 0;
  #isFull = false;
  isStuck = false;
  isPaused = false;
  isOver = false;

  constructor(clock: VirtualClock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.#go();
  }

  /** What the other side sends. */
  hear(write: (to: FrameWriter) => void): void {
    const to = new FrameWriter(
      (bytes) => this.#events.data(bytes),
      () => undefined,
    );
    write(to);
    to.flush();
  }

  start(events: ChannelEvents): void {
    this.#events = events;
  }
  write(bytes: Buffer): boolean {
    this.#waiting += bytes.length;
    this.#isFull ||= this.#waiting > waitingBytesMax;
    return !this.#isFull;
  }
  hasDrained(): boolean {
    const before = this.#seen;
    this.#seen = this.#waiting;
    return this.#waiting < before;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {}
  destroy(): void {
    this.isOver = true;
  }

  #go(): void {
    this.#clock.after(10, () => {
      if (!this.isStuck) this.#waiting = Math.max(0, this.#waiting - this.#bytesPerMs * 10);
      if (this.#isFull && this.#waiting === 0) {
        this.#isFull = false;
        this.#events.drained();
      }
      if (!this.isOver) this.#go();
    });
  }
}

function hello(to: FrameWriter): void {
  loose.write(to.begin(frame.hello, 0), { version: 1, ...greeting });
  to.finish();
}

/** A caller with a call of 4 MiB, of which so many go in a second; it comes to everything later than it meant to. */
async function sending(bytesPerSecond = 1_048_576, lateMs = 0) {
  const clock = createVirtualClock({ settleTurns: 1 });
  const channel = new Narrow(clock, bytesPerSecond);
  const after: VirtualClock["after"] = (ms, run, options) => clock.after(ms + lateMs, run, options);
  const caller = new Caller(channel, { ...optionsOf(clock), clock: { ...clock, after } });
  channel.hear(hello);
  await caller.greeted;
  const told = ask(caller, { operation: echo, head, input: "x".repeat(4_000_000) });
  told.catch(() => undefined);
  return { clock, channel, caller, told };
}

test("a large input over a slow way is waited for while its bytes go", async () => {
  const { clock, channel, caller, told } = await sending();
  await clock.advance(5_000);
  assert.equal(caller.isOpen, true);
  channel.hear((to) => {
    const reply = to.begin(frame.reply, 2);
    reply.varint(0);
    loose.write(reply, "all of it");
    to.finish();
  });
  assert.equal(await told, "all of it");
  caller.close();
});

test("and when they no longer do, that is noticed within 2 s", async () => {
  const { clock, channel, caller, told } = await sending();
  await clock.advance(2_500);
  channel.isStuck = true;
  await clock.advance(2_000);
  assert.equal(caller.isSilent, true);
  await assert.rejects(told, { code: "SKEIN_TRANSPORT_LOST", outcome: "unknown" });
});

test("a caller that is busy, so that it looks too late each time, notices it all the same", async () => {
  for (const lateMs of [50, 240, 400]) {
    const { clock, caller, told } = await sending(Number.POSITIVE_INFINITY, lateMs);
    await clock.advance(6_000);
    assert.equal(caller.isSilent, true, `looks ${lateMs} ms late`);
    await assert.rejects(told, { code: "SKEIN_TRANSPORT_LOST" });
  }
});

/** A callee that reads no further, as 12 MiB of replies wait for a caller that takes so many bytes in a second. */
async function paused(bytesPerSecond: number) {
  const clock = createVirtualClock({ settleTurns: 1 });
  const channel = new Narrow(clock, bytesPerSecond);
  const callee = new Callee(
    channel,
    optionsOf(clock),
    () => echo,
    answering(() => Promise.resolve("x".repeat(4_000_000))),
  );
  channel.hear((to) => {
    hello(to);
    loose.write(to.begin(frame.method, 0), { service: "a", method: "echo", input: { is: "any" } });
    to.finish();
    for (const id of [1, 2, 3]) {
      const call = to.begin(frame.call, id);
      for (const byte of [0, 0, 0, 0, 0]) call.varint(byte);
      call.inline("t");
      loose.write(call, 1);
      to.finish();
    }
  });
  await callee.greeted;
  await clock.advance(10);
  assert.equal(channel.isPaused, true);
  return { clock, channel, callee };
}

test("a callee that reads no further does not take that for its caller's silence", async () => {
  const { clock, channel, callee } = await paused(600_000);
  await clock.advance(19_000);
  assert.deepEqual([callee.isOver, channel.isPaused], [false, true]);
  await clock.advance(2_000);
  assert.deepEqual([callee.isOver, channel.isPaused], [false, false]);
  // From then on it is heard again, or it is not.
  await clock.advance(8_000);
  assert.equal(callee.isOver, false);
  await clock.advance(2_000);
  assert.equal(callee.isSilent, true);
});

test("a caller that takes nothing for 10 s is given up, also by a callee that reads no further", async () => {
  const { clock, channel, callee } = await paused(600_000);
  await clock.advance(3_000);
  channel.isStuck = true;
  await clock.advance(10_000);
  assert.equal(callee.isSilent, true);
});
