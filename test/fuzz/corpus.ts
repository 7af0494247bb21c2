/**
 * Owns what the frame fuzzer begins with: writes of real sessions, of every type of frame and many layouts. Must be the same
 * at every run, or a case could not be replayed.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import * as z from "zod";
import type { Told } from "../../src/call/index.ts";
import type { Schema } from "../../src/contract/index.ts";
import { describeSchema } from "../../src/contract/shapes.ts";
import { declaredError, isSkeinError, skeinError } from "../../src/errors/index.ts";
import { Callee } from "../../src/transport/callee.ts";
import { Caller } from "../../src/transport/caller.ts";
import type { Channel, ChannelEvents } from "../../src/transport/channel.ts";
import { Codec } from "../../src/transport/codec/codec.ts";
import { anything, fitting } from "../../src/transport/codec/fixtures/values.ts";
import type { Answer, Arrived, CallHead, Operation } from "../../src/transport/port.ts";
import type { SessionOptions } from "../../src/transport/session.ts";
import { frame, FrameWriter } from "../../src/transport/frames.ts";

/** What one side of a real connection was sent, frame by frame, and how that side comes to be where they make sense. */
export interface Scenario {
  readonly name: string;
  readonly victim: "callee" | "caller";
  readonly operation: Operation;
  /** Each with its head; the first is the greeting. */
  readonly frames: readonly Buffer[];
  /** The calls that a caller has under way. */
  readonly begin: (
    caller: Caller,
    tell: () => Told,
    items: (items: AsyncIterable<unknown>) => void,
    signal?: AbortSignal,
  ) => void;
}

export const timers = { after: () => ({ cancel: () => undefined }) };
const greeting = { system: "shop", token: "t".repeat(32) };
const corpusSeed = 20;
const layoutsCount = 40;
const writeMax = 6_000;

/** Nothing here may depend on time, nor on turns of the loop: what is due runs when it is asked for. */
export class Turns {
  #due: (() => void)[] = [];
  readonly options: SessionOptions = {
    clock: { now: () => 0, monotonic: () => 0, ...timers } as unknown as SessionOptions["clock"],
    greeting,
    soon: (run) => void this.#due.push(run),
  };

  run(): void {
    const due = this.#due;
    if (due.length === 0) return;
    this.#due = [];
    for (const run of due) run();
  }
}

export async function operationOf(name: string, schema: Schema, more: Partial<Operation> = {}): Promise<Operation> {
  const codec = Codec.of(await describeSchema(schema, "output"));
  return { service: "fuzz", method: name, isStream: false, input: codec, output: codec, ...more };
}

/** Answers by the method's name: with its input, an error, items, how many items came; or never. */
export const answer: Answer = {
  unary(call, told) {
    const { method } = call.operation;
    if (method.startsWith("hang")) return;
    if (method.startsWith("declared")) return told.reject(declaredError("OUT_OF_STOCK", call.input, { status: 409 }));
    if (method.startsWith("denied")) return told.reject(skeinError("SKEIN_ACCESS_DENIED", "not you"));
    if (call.incoming === undefined) return told.resolve(call.input);
    collect(call.incoming).then(
      () => told.resolve(call.input),
      (error: unknown) => told.reject(isSkeinError(error) ? error : skeinError("SKEIN_CALL_FAILED")),
    );
  },
  async *stream({ input, operation }: Arrived) {
    for (let i = 0; i < 3; i++) yield input;
    if (operation.method.startsWith("hang")) await new Promise(() => undefined);
  },
};

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* sending(items: readonly unknown[], fails: boolean) {
  yield* items;
  if (fails) throw new Error("the sender broke");
}

/** A channel whose writes are kept, and whose other end is whoever is given. */
class Tap implements Channel {
  readonly written: Buffer[] = [];
  events!: ChannelEvents;
  start(events: ChannelEvents): void {
    this.events = events;
  }
  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    return true;
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

/** Nothing has to be told before it. */
const bareHead: CallHead = { traceId: "a".repeat(32), parentSpan: 7, path: [] };
const fullHead: CallHead = {
  traceId: "a".repeat(32),
  parentSpan: 2 ** 40,
  timeoutMs: 5_000,
  key: "k-1",
  caller: "page",
  resumeFrom: "9",
  fromOutside: true,
  principal: Object.freeze({ subject: "ann", roles: ["customer", "constructo"], tenant: "eu" }),
  path: ["gateway.home", "page.home", "orders.place"],
  extra: { range: { start: 1 }, at: new Date(5), aaaaaaaaa: 10n },
};

interface Kind {
  readonly name: string;
  readonly operation: Operation;
  readonly values: readonly unknown[];
  readonly incoming?: readonly unknown[];
  readonly fails?: boolean;
  readonly cancels?: boolean;
  readonly leaves?: boolean;
  /** With all that a head can have. */
  readonly isFull?: boolean;
}

/** Runs one connection to its end, both sides real, and keeps what each was sent. */
async function record(kind: Kind): Promise<readonly Scenario[]> {
  const { name, operation, values, incoming, fails = false, isFull = false } = kind;
  const turns = new Turns();
  const [here, there] = [new Tap(), new Tap()];
  const callee = new Callee(there, turns.options, () => operation, answer);
  const caller = new Caller(here, turns.options);
  const abort = new AbortController();
  const begin: Scenario["begin"] = (to, tell, hear, signal) => {
    for (const input of values) {
      const call = {
        operation,
        head: isFull ? fullHead : bareHead,
        input,
        signal,
        ...(incoming !== undefined && { incoming: sending(incoming, fails) }),
      };
      if (operation.isStream) hear(to.stream(call));
      else to.unary(call, tell());
    }
  };
  const told: Told = { resolve: () => undefined, reject: () => undefined };
  begin(
    caller,
    () => told,
    (items) => void collect(items).catch(() => undefined),
    abort.signal,
  );
  const seen: [Buffer[], Buffer[]] = [[], []];
  for (let turn = 0; turn < 12; turn++) {
    if (turn === 6 && kind.cancels === true) abort.abort();
    if (turn === 6 && kind.leaves === true) callee.leave();
    await new Promise((resolve) => setImmediate(resolve));
    turns.run();
    for (const [from, to, into] of [
      [here, there, seen[0]],
      [there, here, seen[1]],
    ] as const) {
      for (const bytes of from.written.splice(0)) {
        into.push(...framesOf(bytes));
        to.events.data(bytes);
      }
    }
  }
  const [toCallee, toCaller] = seen;
  // What a session sends after seconds of silence, and what it sends for 128 KiB of items.
  for (const to of seen) to.push(bare(frame.ping), bare(frame.pong));
  if (operation.isStream) toCallee.push(credit(callId(toCallee)));
  if (incoming !== undefined) toCaller.push(credit(callId(toCallee)));
  const never: Scenario["begin"] = () => undefined;
  return [
    { name, victim: "callee", operation, frames: toCallee, begin: never },
    { name, victim: "caller", operation, frames: toCaller, begin },
  ];
}

function callId(frames: readonly Buffer[]): number {
  return frames.find((one) => one[4] === frame.call)?.readUInt32LE(5) ?? 2;
}

/** Takes a write apart, as its receiver does. */
function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 8; at < bytes.length;) {
    const next = at + 4 + bytes.readUInt32LE(at);
    frames.push(bytes.subarray(at, next));
    at = next;
  }
  return frames;
}

function written(write: (to: FrameWriter) => void): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  const frames = new FrameWriter(
    (given) => (bytes = given),
    () => undefined,
  );
  write(frames);
  frames.flush();
  return bytes.subarray(8);
}

function bare(type: number): Buffer {
  return written((to) => to.bare(type, 0));
}

function credit(call: number): Buffer {
  return written((to) => {
    to.begin(frame.credit, call).varint(3);
    to.finish();
  });
}

const order = z.object({
  id: z.bigint(),
  at: z.date(),
  state: z.enum(["new", "paid", "sent"]),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), price: z.number(), note: z.string().optional() })),
  labels: z.record(z.string(), z.string()),
  blob: z.instanceof(Uint8Array).nullable(),
  extra: z.unknown().optional(),
  page: z.object({ prototype1: z.boolean(), after: z.string().nullable() }).optional(),
});
const orders = [
  {
    id: 12_345_678_901_234_567_890n,
    at: new Date(1_700_000_000_000),
    state: "paid",
    lines: [
      { sku: "MUG-1", quantity: 2, price: 9.5 },
      { sku: "TEA-12", quantity: -1, price: 0, note: "crème \ud83d\ude00" },
    ],
    labels: { aaaaaaaaa: "x", zone: "eu" },
    blob: new Uint8Array([1, 2, 255]),
    extra: { deep: [[[[{ a: 1n }]]]], constructo: null },
  },
  {
    id: -1n,
    at: new Date(0),
    state: "new",
    lines: [],
    labels: {},
    blob: null,
    page: { prototype1: true, after: null },
  },
];

async function kinds(): Promise<readonly Kind[]> {
  const any = await operationOf("any", z.unknown());
  const own = (name: string, more: Partial<Operation> = {}) => operationOf(name, order, more);
  const item = Codec.of(await describeSchema(z.object({ n: z.int(), aaaaaaaaa: z.string() }), "output"));
  const items = [1, 2, 3].map((n) => ({ n, aaaaaaaaa: `item ${n}` }));
  const made: Kind[] = [
    { name: "order", operation: await own("order"), values: orders, isFull: true },
    { name: "a short order", operation: await own("order"), values: orders.slice(1) },
    { name: "order, then the callee leaves", operation: await own("order"), values: orders.slice(1), leaves: true },
    { name: "any", operation: any, values: [{ aaaaaaaaa: [1, { b: "x" }], c: [null, "é".repeat(300)] }] },
    { name: "nothing", operation: await operationOf("nothing", z.undefined()), values: [undefined] },
    { name: "hang, given up", operation: await own("hang"), values: orders.slice(1), cancels: true },
    { name: "hang", operation: await own("hang"), values: orders.slice(1) },
    { name: "declared error", operation: await own("declared"), values: orders.slice(0, 1) },
    { name: "denied", operation: await own("denied"), values: orders.slice(1) },
    { name: "stream that waits", operation: await own("hangs", { isStream: true }), values: orders.slice(1) },
    { name: "stream", operation: await own("stream", { isStream: true }), values: orders.slice(1) },
    { name: "incoming", operation: await own("sum", { incoming: item }), values: orders.slice(0, 1), incoming: items },
    {
      name: "incoming that fails",
      operation: await own("sum", { incoming: item }),
      values: orders.slice(0, 1),
      incoming: items,
      fails: true,
    },
  ];
  const samples = fc.sample(
    fitting.chain(([schema, values]) => fc.tuple(fc.constant(schema), fc.tuple(values, anything))),
    { numRuns: layoutsCount, seed: corpusSeed },
  );
  for (const [i, [schema, values]] of samples.entries()) {
    const operation = await operationOf(`layout${i}`, schema, i % 4 === 3 ? { isStream: true } : {});
    // By position, and some as a value that fits no layout.
    made.push({ name: `layout ${i}`, operation, values: [values[i % 8 === 0 ? 1 : 0]] });
  }
  return made;
}

/** Every scenario, without frames that are too long for millions of runs. */
export async function readCorpus(): Promise<readonly Scenario[]> {
  const all = await Promise.all((await kinds()).map(record));
  return all.flat().filter(({ frames }) => frames.every((one) => one.length < writeMax));
}

/** Changes when a case of a seed would no longer be the same. */
export function hashOf(corpus: readonly Scenario[]): string {
  const hash = createHash("sha256");
  for (const { name, victim, frames } of corpus) for (const one of [name, victim, ...frames]) hash.update(one);
  return hash.digest("hex").slice(0, 16);
}
