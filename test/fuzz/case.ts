/**
 * Owns one case of the frame fuzzer: which frame is changed and how, the session that is given it, and the verdict. Must
 * depend on seed and index alone, so that any case runs again by itself.
 */
import { isDeepStrictEqual } from "node:util";
import { crc32 } from "node:zlib";
import type { Told } from "../../src/call/index.ts";
import { copyValue, createSeededRandom, type Random } from "../../src/core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../src/errors/index.ts";
import { Callee } from "../../src/transport/callee.ts";
import { Caller } from "../../src/transport/caller.ts";
import type { Channel, ChannelEvents } from "../../src/transport/channel.ts";
import { WireError } from "../../src/transport/codec/wire-error.ts";
import { FrameParser, frame } from "../../src/transport/frames.ts";
import type { Arrived } from "../../src/transport/port.ts";
import { answer, type Scenario, Turns } from "./corpus.ts";
import { mutators } from "./mutate.ts";

/** `left`: the checksum is that of the frame before it was changed. `mended`: it is right. */
export type Mode = "left" | "mended";

/**
 * `refused`: the connection failed with a typed error. `answered`: a value of the value set, whatever the layout, or a typed
 * error of a call came out of one of its frames. `quiet`: neither, as with a frame for a call that is over, or one whose end
 * has not come. `intact`: only what follows the write was changed, and the write itself taken.
 */
export type Outcome = "refused" | "answered" | "quiet" | "intact";

export interface Verdict {
  readonly index: number;
  readonly mode: Mode;
  readonly scenario: string;
  readonly victim: Scenario["victim"];
  /** Of the frame before it was changed. */
  readonly type: number;
  readonly mutator: string;
  /** What became of each changed frame: one after another until the session ended, eight at most. */
  readonly outcomes: readonly Outcome[];
  readonly ms: number;
  readonly violation?: string;
}

const modes: readonly Mode[] = ["left", "mended"];
/** A frame that holds the loop for longer is a hang, if it does so again. */
const hangMs = 250;
const framesMax = { left: 2, mended: 8 } as const;
const closing = skeinError("SKEIN_TRANSPORT_LOST", "the case is over");

const rich: ReadonlySet<number> = new Set([
  frame.method,
  frame.shape,
  frame.value,
  frame.call,
  frame.reply,
  frame.error,
  frame.item,
  frame.send,
]);

/** Where each type of frame is in the corpus, by who is sent it. */
export class Targets {
  readonly all: readonly (readonly (readonly [Scenario, number])[])[];

  constructor(corpus: readonly Scenario[]) {
    const byType = new Map<string, [Scenario, number][]>();
    for (const scenario of corpus) {
      for (const [at, one] of scenario.frames.entries()) {
        const key = `${scenario.victim} ${one[4]}`;
        byType.set(key, [...(byType.get(key) ?? []), [scenario, at]]);
      }
    }
    // Types that carry values have more to go wrong.
    this.all = [...byType].flatMap(([key, some]) =>
      rich.has(Number(key.split(" ")[1])) ? [some, some, some] : [some],
    );
  }
}

/** Runs cases side by side: each has its session, and all share the turns of the loop that items need. */
export async function runCases(
  targets: Targets,
  seed: number,
  from: number,
  count: number,
): Promise<readonly Verdict[]> {
  const cases = Array.from({ length: count }, (_, i) => new Case(targets, seed, from + i));
  for (const one of cases) one.prepare();
  if (cases.some((one) => one.hasItems)) await nextTurn();
  for (const one of cases) one.fire();
  await nextTurn();
  for (const one of cases) one.end();
  await nextTurn();
  return cases.map((one) => one.judge());
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Case {
  readonly #index: number;
  readonly #random: Random;
  readonly #mode: Mode;
  readonly #scenario: Scenario;
  readonly #at: number;
  readonly #others: () => Buffer;
  #mutator = "";
  #victim: Victim | undefined;
  #ms = 0;
  readonly #outcomes: Outcome[] = [];
  #violation: string | undefined;

  constructor(targets: Targets, seed: number, index: number) {
    const random = createSeededRandom(`${seed}/${index}`);
    this.#index = index;
    this.#random = random;
    this.#mode = modes[index % 2] as Mode;
    const any = () => {
      const some = targets.all[random.int(targets.all.length)] as (typeof targets.all)[number];
      return some[random.int(some.length)] as readonly [Scenario, number];
    };
    // Of two the one with less before it: that work is the same in every case, and most of all work.
    const [one, other] = [any(), any()];
    [this.#scenario, this.#at] = one[1] <= other[1] ? one : other;
    this.#others = () => {
      const [scenario, at] = any();
      return scenario.frames[at] as Buffer;
    };
  }

  get hasItems(): boolean {
    const { operation } = this.#scenario;
    return operation.isStream || operation.incoming !== undefined;
  }

  /** Brings a session to where the frame would come. */
  prepare(): void {
    if (this.#mode === "left") return;
    try {
      this.#victim = new Victim(this.#scenario);
      if (this.#at > 0) this.#victim.hear(sealed(this.#scenario.frames.slice(0, this.#at)));
      if (this.#victim.isOver) this.#violation = "refused what nobody changed";
    } catch (error) {
      this.#violation = `threw ${String(error)}`;
    }
  }

  fire(): void {
    try {
      if (this.#mode === "left") this.#fireLeft();
      else this.#fireMended();
    } catch (error) {
      this.#violation ??= `threw ${String(error)}`;
    }
  }

  end(): void {
    this.#victim?.end();
  }

  judge(): Verdict {
    this.#violation ??= this.#victim?.judge();
    if (this.#ms > hangMs) this.#violation ??= `held the loop for ${Math.round(this.#ms)} ms`;
    const { name, victim: role, frames } = this.#scenario;
    return {
      index: this.#index,
      mode: this.#mode,
      scenario: name,
      victim: role,
      type: (frames[this.#at] as Buffer)[4] as number,
      mutator: this.#mutator,
      outcomes: this.#outcomes,
      ms: this.#ms,
      ...(this.#violation !== undefined && { violation: this.#violation }),
    };
  }

  #mutate(given: Buffer): Buffer {
    for (let tries = 0; tries < 8; tries++) {
      const [name, mutator] = mutators[this.#random.int(mutators.length)] as (typeof mutators)[number];
      this.#mutator = name;
      let changed: Buffer;
      try {
        changed = mutator(given, this.#random, this.#others);
      } catch {
        // What it made is nothing that can be written.
        continue;
      }
      if (!changed.equals(given)) return changed;
    }
    this.#mutator = "bit";
    const changed = Buffer.from(given);
    const last = changed.length - 1;
    changed[last] = (changed[last] as number) ^ 1;
    return changed;
  }

  #fireLeft(): void {
    const { frames } = this.#scenario;
    const near = frames.slice(this.#at, this.#at + 2);
    const original = sealed(near);
    const follows = sealed(frames.slice(0, 1));
    const takes = [...near, ...frames.slice(0, 1)];
    while (this.#outcomes.length < framesMax.left) {
      let changed: Buffer;
      if (this.#random.int(2) === 0) {
        // The frame inside the write is another one, the write's length is right: only the checksum tells.
        changed = sealed([this.#mutate(near[0] as Buffer), ...near.slice(1)]);
        original.copy(changed, 4, 4, 8);
      } else {
        // As one frame whose "type" and "call" are the checksum: every byte of the write may change.
        changed = this.#mutate(original);
        if (this.#random.int(2) === 0) changed.writeUInt32LE(changed.length - 8, 0);
      }
      const isIntact = this.#feed(takes, Buffer.concat([changed, follows]));
      this.#outcomes.push(isIntact ? "intact" : "refused");
    }
  }

  /** Whether anything was taken; a frame that is not one of these must not be. */
  #feed(takes: readonly Buffer[], bytes: Buffer): boolean {
    let hasTaken = false;
    const parser = new FrameParser((_type, _call, given, at, end) => {
      hasTaken = true;
      const taken = given.subarray(at - 9, end);
      if (!takes.some((one) => one.equals(taken))) this.#violation ??= "a changed frame was taken";
    });
    try {
      for (const piece of this.#pieces(bytes)) parser.feed(piece);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    return hasTaken;
  }

  #fireMended(): void {
    const victim = this.#victim as Victim;
    victim.isJudged = true;
    const { frames } = this.#scenario;
    while (this.#outcomes.length < framesMax.mended && !victim.isOver) {
      const at = this.#outcomes.length === 0 ? this.#at : this.#random.int(frames.length);
      const follow = this.#random.int(2) === 0 ? frames.slice(at + 1, at + 3) : [];
      const bytes = sealed([this.#mutate(frames[at] as Buffer), ...follow]);
      const startMs = performance.now();
      for (const piece of this.#pieces(bytes)) victim.hear(piece);
      this.#ms = Math.max(this.#ms, performance.now() - startMs);
      this.#outcomes.push(victim.outcome);
    }
  }

  /** Mostly whole; sometimes as a network cuts it. */
  #pieces(bytes: Buffer): readonly Buffer[] {
    if (this.#random.int(8) > 0) return [bytes];
    const cuts = Array.from({ length: 1 + this.#random.int(4) }, () => this.#random.int(bytes.length)).sort(
      (a, b) => a - b,
    );
    return [...cuts, bytes.length].map((end, i) => Buffer.from(bytes.subarray(cuts[i - 1] ?? 0, end)));
  }
}

/** One write with a right checksum. */
function sealed(frames: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(8), ...frames]);
  bytes.writeUInt32LE(bytes.length - 8, 0);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

class WatchedCallee extends Callee {
  why: SkeinError | undefined;
  protected override ended(error: SkeinError): void {
    this.why = error;
    super.ended(error);
  }
}

class WatchedCaller extends Caller {
  why: SkeinError | undefined;
  protected override ended(error: SkeinError): void {
    this.why = error;
    super.ended(error);
  }
}

/** A session of production code, and everything that came out of it. */
class Victim {
  readonly #session: WatchedCallee | WatchedCaller;
  readonly #turns = new Turns();
  /** How often each call was told how it ended, and each stream. */
  readonly #told: number[] = [];
  #events!: ChannelEvents;
  #hasAnswered = false;
  #violation: string | undefined;

  constructor(scenario: Scenario) {
    const channel: Channel = {
      start: (events) => (this.#events = events),
      write: () => true,
      pause: () => undefined,
      resume: () => undefined,
      end: () => undefined,
      destroy: () => undefined,
    };
    const { options } = this.#turns;
    if (scenario.victim === "caller") {
      const caller = new WatchedCaller(channel, options);
      scenario.begin(
        caller,
        () => this.#tell(),
        (items) => void this.#read(items),
      );
      this.#session = caller;
      return;
    }
    this.#session = new WatchedCallee(channel, options, () => scenario.operation, {
      unary: (call, told) => answer.unary(this.#arrived(call), told),
      stream: (call) => answer.stream(this.#arrived(call)),
    });
  }

  /** What comes out of frames that nobody changed is right; looking at it would be most of the work. */
  isJudged = false;

  get isOver(): boolean {
    return this.#session.isOver;
  }

  hear(bytes: Buffer): void {
    if (this.#session.isOver) return;
    this.#events.data(bytes);
    this.#turns.run();
  }

  /** Of what was heard since it was last asked; items come a turn later. */
  get outcome(): Outcome {
    const hasAnswered = this.#hasAnswered;
    this.#hasAnswered = false;
    return this.isOver ? "refused" : hasAnswered ? "answered" : "quiet";
  }

  end(): void {
    const { why } = this.#session;
    if (why === undefined) this.#session.fail(closing);
    else if (why.code !== "SKEIN_TRANSPORT_PROTOCOL") this.#blame(`ended as ${why.code}`);
  }

  /** A turn after the end. */
  judge(): string | undefined {
    for (const times of this.#told) if (times !== 1) this.#blame(`a call was told ${times} times how it ended`);
    return this.#violation;
  }

  #blame(what: string): void {
    this.#violation ??= what;
  }

  #tell(): Told {
    const id = this.#told.push(0) - 1;
    const told = () => this.#told[id]!++;
    return {
      resolve: (reply) => {
        told();
        this.#value("reply", reply);
      },
      reject: (error) => {
        told();
        this.#error(error);
      },
    };
  }

  async #read(items: AsyncIterable<unknown>): Promise<void> {
    const id = this.#told.push(0) - 1;
    try {
      for await (const item of items) this.#value("item", item);
    } catch (error) {
      this.#error(error);
    }
    this.#told[id]!++;
  }

  #arrived(call: Arrived): Arrived {
    const { head, input, incoming } = call;
    if (!this.isJudged) return call;
    const { path, traceId, parentSpan, timeoutMs, key, caller, resumeFrom, extra, principal } = head;
    const isText = (value: unknown): boolean => value === undefined || typeof value === "string";
    if (!Array.isArray(path) || !path.every((one) => typeof one === "string")) this.#blame("a path that is none");
    if (![traceId, key, caller, resumeFrom].every(isText)) this.#blame("a text that is none");
    if (!Number.isSafeInteger(parentSpan) || parentSpan < 0) this.#blame("a span that is none");
    if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs < Infinity)) this.#blame("a timeout that is none");
    this.#value("extra", extra);
    this.#value("principal", principal);
    this.#value("input", input);
    return incoming === undefined ? call : { ...call, incoming: this.#incoming(incoming) };
  }

  async *#incoming(items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    for await (const item of items) {
      this.#value("item", item);
      yield item;
    }
  }

  /**
   * What holds of any value that comes out: it is of the value set and within its limits, has nothing that a copy would not
   * have, and no memory of the frame, which is used again. Whether it fits its schema a callee's validator says.
   */
  #value(what: string, value: unknown): void {
    if (!this.isJudged) return;
    this.#hasAnswered = true;
    try {
      if (!isDeepStrictEqual(copyValue(value), value)) this.#blame(`${what}: is not what a copy of it is`);
      else if (!hasOwnMemory(value)) this.#blame(`${what}: has memory that is not its own`);
    } catch (error) {
      this.#blame(`${what}: ${String(error)}`);
    }
  }

  #error(error: unknown): void {
    if (!isSkeinError(error)) return this.#blame(`an untyped error: ${String(error)}`);
    if (error === closing || error === this.#session?.why) return;
    this.#hasAnswered = true;
    const { code, message, outcome, retry, status } = error;
    if (typeof code !== "string" || typeof message !== "string" || typeof outcome !== "string")
      this.#blame("half an error");
    if (typeof retry !== "boolean" || !Number.isInteger(status)) this.#blame("half an error");
    this.#value("data", error.data);
  }
}

/** Of a value of the value set. */
function hasOwnMemory(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (value instanceof Uint8Array) return value.byteLength === value.buffer.byteLength;
  return Object.values(value).every(hasOwnMemory);
}
