/**
 * Owns one connection as frames: the greeting, the checksum, whether the other side is still there, the end. It must
 * never know what a call means; its two kinds, for who calls and who answers, do.
 */
import { type Clock, type Timer, toNextMs } from "../core/index.ts";
import { isSkeinError, type Outcome, type SkeinError, skeinError } from "../errors/index.ts";
import type { Channel } from "./channel.ts";
import { Codec } from "./codec/codec.ts";
import { Reader } from "./codec/reader.ts";
import { WireError } from "./codec/wire-error.ts";
import { FrameParser, FrameWriter, frame } from "./frames.ts";
import { greetMs, idle, lateMs, outstanding } from "./limits.ts";
import type { Greeting } from "./port.ts";

/** Changes when a peer of the old one could misread a frame. */
const version = 1;

/** For what is sent once: greetings, shapes, errors. */
export const loose = new Codec({ is: "any" });

/** `error` says of what was to be sent, and was not, how much it has. */
export function tooLarge(what: string, error: WireError, outcome: Outcome): SkeinError {
  return skeinError("SKEIN_TRANSPORT_TOO_LARGE", `${what} has ${error.message}`, { outcome });
}

export interface SessionOptions {
  readonly clock: Clock;
  readonly greeting: Greeting;
  /** Runs a function once the present turn's work is done; frames written until then leave together. */
  readonly soon: (run: () => void) => void;
  /** The same while few calls are under way, when there is little to gather; `soon` unless given. */
  readonly sooner?: (run: () => void) => void;
}

export abstract class Session {
  readonly closed: Promise<void>;
  protected readonly frames: FrameWriter;
  protected readonly reader = new Reader();
  readonly #channel: Channel;
  readonly #speaksFirst: boolean;
  readonly #clock: Clock;
  readonly #greeting: Greeting;
  readonly #closed = Promise.withResolvers<void>();
  readonly #greeted = Promise.withResolvers<void>();
  #isGreeted = false;
  #isOver = false;
  #isFull = false;
  #isSilent = false;
  #heardMs: number;
  #askedMs: number | undefined;
  #lookedMs = 0;
  #dueMs = 0;
  /** The last look that found nobody waiting. */
  #idleMs = 0;
  #watch: Timer;

  /** `speaksFirst`: the side that connected. The other one shows its token only to who has shown it. */
  constructor(channel: Channel, options: SessionOptions, speaksFirst: boolean) {
    this.#channel = channel;
    this.#clock = options.clock;
    this.#greeting = options.greeting;
    this.closed = this.#closed.promise;
    const { soon, sooner = soon } = options;
    this.frames = new FrameWriter(
      (bytes) => {
        if (!channel.write(bytes)) this.#setFull(true);
      },
      (flush) => (this.#isGreeted && this.isQuiet ? sooner : soon)(flush),
    );
    this.#heardMs = options.clock.monotonic();
    this.#greeted.promise.catch(() => undefined);
    const parser = new FrameParser((type, call, bytes, at, end) => this.#take(type, call, bytes, at, end));
    channel.start({
      data: (bytes) => this.#data(parser, bytes),
      drained: () => this.#drained(),
      closed: (reason) => this.#over(reason),
    });
    this.#watch = this.#clock.after(greetMs, () =>
      this.fail(skeinError("SKEIN_TRANSPORT_UNREACHABLE", "no greeting came in time")),
    );
    this.#speaksFirst = speaksFirst;
    if (speaksFirst) this.#writeHello();
  }

  /** Resolves when the other side is known to be a host of this system. Rejects with `SKEIN_TRANSPORT_*`. */
  get greeted(): Promise<void> {
    return this.#greeted.promise;
  }

  protected get isGreeted(): boolean {
    return this.#isGreeted;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Ends the connection; what is under way fails with `error`. Safe to call twice. */
  fail(error: SkeinError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch.cancel();
    this.#channel.destroy();
    this.#greeted.reject(error);
    this.ended(error);
    this.#closed.resolve();
  }

  /** Ends it after everything that was written has gone. */
  protected finish(): void {
    if (this.#isOver) return;
    this.frames.flush();
    this.#channel.end();
  }

  /** On this host's monotonic clock: now, and when the bytes came that are being read. */
  protected get nowMs(): number {
    return this.#clock.monotonic();
  }
  protected get heardMs(): number {
    return this.#heardMs;
  }

  /**
   * One frame with one value, and a whole number in front of it where one is given: its bytes. Nothing of a value that may
   * not cross is sent; throws what says so.
   */
  protected write(type: number, call: number, codec: Codec, value: unknown, first?: number, isLast = false): number {
    const to = this.frames.begin(type, call);
    const { at } = to;
    try {
      if (first !== undefined) to.varint(first);
      codec.write(to, value);
    } catch (error) {
      this.frames.undo();
      throw error;
    }
    const bytes = to.at - at;
    this.frames.finish(isLast);
    return bytes;
  }

  /** Asks for more items of a call. */
  protected grant(call: number, bytes: number): void {
    if (this.#isOver || !this.isUnderWay(call)) return;
    this.frames.begin(frame.credit, call).varint(bytes);
    this.frames.finish();
  }

  protected abstract isUnderWay(call: number): boolean;
  /** Whether at most `fewCalls` are under way. */
  protected abstract get isQuiet(): boolean;
  /** Whether somebody waits for the other side to say something. */
  protected abstract get isWaiting(): boolean;
  /** One frame after the greeting; its body is what `reader` is over. Throws `WireError`. */
  protected abstract frame(type: number, call: number): void;
  /** The connection is over. */
  protected abstract ended(error: SkeinError): void;
  /** Too much waits to go out, or no longer does. */
  protected abstract full(isFull: boolean): void;

  #drained(): void {
    if (this.#isFull) this.#alive(this.#clock.monotonic());
    this.#setFull(false);
  }

  /** The other side has shown that it is there. */
  #alive(now: number): void {
    this.#heardMs = now;
    this.#askedMs = undefined;
  }

  #setFull(isFull: boolean): void {
    if (this.#isFull === isFull) return;
    this.#isFull = isFull;
    this.full(isFull);
  }

  #data(parser: FrameParser, bytes: Buffer): void {
    this.#alive(this.#clock.monotonic());
    try {
      parser.feed(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      // Before the greeting nothing was sent that could have taken effect.
      const known = this.#isGreeted ? {} : { outcome: "not_started" as const };
      this.fail(skeinError("SKEIN_TRANSPORT_PROTOCOL", `the other side sent ${error.message}`, known));
    }
  }

  #take(type: number, call: number, bytes: Buffer, at: number, end: number): void {
    if (this.#isOver) return;
    this.reader.over(bytes, at, end);
    if (!this.#isGreeted) return this.#hello(type);
    if (type === frame.ping) return this.frames.bare(frame.pong, 0);
    if (type === frame.pong) return;
    this.frame(type, call);
  }

  #writeHello(): void {
    loose.write(this.frames.begin(frame.hello, 0), { version, ...this.#greeting });
    this.frames.finish();
    this.frames.flush();
  }

  #hello(type: number): void {
    if (type !== frame.hello) throw new WireError("something else than a greeting");
    const given = loose.read(this.reader) as Partial<Greeting> & { readonly version?: unknown };
    if (typeof given !== "object" || given === null) throw new WireError("a greeting that is none");
    if (given.version !== version)
      throw new WireError(`version ${String(given.version).slice(0, 20)} of the protocol; this is ${version}`);
    if (given.system !== this.#greeting.system) throw new WireError("the name of another system");
    if (!isSame(given.token, this.#greeting.token)) throw new WireError("no proof of being a host of this system");
    if (!this.#speaksFirst) this.#writeHello();
    this.#isGreeted = true;
    this.#greeted.resolve();
    this.#watch.cancel();
    this.#lookedMs = this.#clock.monotonic();
    this.#lookLater();
  }

  #lookLater(): void {
    const ms = toNextMs(this.#clock, (this.isWaiting ? outstanding : idle).lookMs);
    this.#dueMs = this.#clock.monotonic() + ms;
    this.#watch = this.#clock.after(ms, this.#look, { unref: true });
  }

  /**
   * Judges by progress in either direction: who takes a large message, or more than waits here while nothing is read, may have
   * nothing to say. With somebody waiting, silence is asked about sooner and forgiven less. A look that comes late says
   * that this process was held up, the other side maybe with it: that time is nobody's silence. And what has come since the
   * last look may not be read yet, so that no more is judged than was known then: between two looks all is read that there was.
   */
  readonly #look = (): void => {
    const now = this.#clock.monotonic();
    const heldUpMs = Math.max(0, now - this.#dueMs - lateMs);
    const knownMs = heldUpMs > 0 ? this.#lookedMs + heldUpMs : now;
    this.#lookedMs = now;
    this.#heardMs = Math.min(now, this.#heardMs + heldUpMs);
    this.#idleMs += heldUpMs;
    if (this.#channel.hasDrained?.() === true) this.#alive(now);
    else this.#judge(now, knownMs);
    if (!this.#isOver) this.#lookLater();
  };

  #judge(now: number, knownMs: number): void {
    const { isWaiting } = this;
    // Who has just begun to wait gives the other side its whole time, whatever silence there was before.
    const sinceMs = isWaiting ? this.#idleMs : 0;
    if (!isWaiting) this.#idleMs = now;
    const { quietMs, pongMs } = isWaiting ? outstanding : idle;
    const silentMs = knownMs - Math.max(this.#heardMs, sinceMs);
    if (silentMs < quietMs) return;
    if (this.#askedMs !== undefined) {
      if (silentMs < quietMs + pongMs) return;
      this.#isSilent = true;
      return this.fail(skeinError("SKEIN_TRANSPORT_LOST", "the other side has stopped answering"));
    }
    this.#askedMs = now;
    this.frames.bare(frame.ping, 0);
    this.frames.flush();
  }

  #over(reason: Error | undefined): void {
    if (isSkeinError(reason)) return this.fail(reason);
    const why = (reason as NodeJS.ErrnoException | undefined)?.code;
    if (this.#isGreeted) {
      return this.fail(skeinError("SKEIN_TRANSPORT_LOST", why && `the connection was lost: ${why}`, { cause: reason }));
    }
    const what = why === undefined ? "it was ended without a greeting" : why;
    this.fail(skeinError("SKEIN_TRANSPORT_UNREACHABLE", `no connection could be made: ${what}`, { cause: reason }));
  }
}

/** Takes the same time wherever two texts of one length differ. */
function isSame(given: unknown, right: string): boolean {
  if (typeof given !== "string" || given.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < right.length; i++) difference |= given.charCodeAt(i) ^ right.charCodeAt(i);
  return difference === 0;
}
