/**
 * Owns frames: gathered into one write with one checksum, and taken apart again. A write is
 * `u32 length, u32 CRC-32 of what follows, frames`; a frame `u32 length, u8 type, u32 call, body`; little endian. It must
 * never let a frame through whose write does not check out.
 */
import { crc32 } from "node:zlib";
import { WireError } from "./codec/wire-error.ts";
import { Writer } from "./codec/writer.ts";
import { batchBytesMax, flushBytes, flushFrames } from "./limits.ts";

export const frame = {
  hello: 1,
  method: 2,
  shape: 3,
  value: 4,
  call: 5,
  reply: 6,
  error: 7,
  item: 8,
  end: 9,
  cancel: 10,
  credit: 11,
  send: 12,
  sendEnd: 13,
  sendFailed: 14,
  ping: 15,
  pong: 16,
  leaving: 17,
} as const;
const typeMax = 17;

const batchHead = 8;
/** Room that is made for a write whose end has not come; more as it comes, so that a length alone costs nobody memory. */
const partBytes = 131_072;
const frameHead = 9;

/** Gathers frames until the turn ends or enough are there. */
export class FrameWriter {
  readonly #to = new Writer(16_384);
  readonly #send: (bytes: Buffer) => void;
  readonly #soon: (flush: () => void) => void;
  #isFlushing = false;
  /** Where the frame that was begun lies; 0 while there is none. */
  #frameAt = 0;
  #frames = 0;

  /** `soon` runs what it is given once the present turn's work is done. */
  constructor(send: (bytes: Buffer) => void, soon: (flush: () => void) => void) {
    this.#send = send;
    this.#soon = soon;
    this.#to.at = batchHead;
  }

  /** Begins a frame; its body is written to what this returns. */
  begin(type: number, call: number): Writer {
    const to = this.#to;
    this.#frameAt = to.at;
    to.need(frameHead);
    to.at += 4;
    to.u8(type);
    to.u32(call);
    return to;
  }

  /**
   * Ends the frame that was begun. `isLast`: nothing is to be expected that could leave with it. Throws `WireError` for one
   * that is more than a write may have, which is then to be taken back.
   */
  finish(isLast = false): void {
    const to = this.#to;
    if (to.at - batchHead > batchBytesMax) this.#sendEarlier();
    to.setU32(this.#frameAt, to.at - this.#frameAt - 4);
    this.#frameAt = 0;
    if (isLast || to.at >= flushBytes || ++this.#frames >= flushFrames) return this.flush();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#soon(this.#flushSoon);
  }

  /** Takes back the frame that was begun, where one was. */
  undo(): void {
    if (this.#frameAt === 0) return;
    this.#to.back(this.#frameAt);
    this.#frameAt = 0;
  }

  /** A frame without a body. */
  bare(type: number, call: number): void {
    this.begin(type, call);
    this.finish();
  }

  flush(): void {
    const to = this.#to;
    const end = to.at;
    if (end === batchHead) return;
    to.at = batchHead;
    this.#sendUntil(end);
  }

  /** Sends what was gathered before the frame that was begun: with it, it would be more than a write may have. */
  #sendEarlier(): void {
    const to = this.#to;
    const begin = this.#frameAt;
    const bytes = to.at - begin;
    if (bytes > batchBytesMax) throw new WireError("more bytes than a message may have");
    this.#sendUntil(begin);
    to.bytes.copyWithin(batchHead, begin, begin + bytes);
    to.at = batchHead + bytes;
    this.#frameAt = batchHead;
  }

  #sendUntil(end: number): void {
    // A copy, because the channel keeps what it is given; a slice of a pool costs less than a buffer.
    const bytes = Buffer.allocUnsafe(end);
    this.#to.bytes.copy(bytes, 0, 0, end);
    bytes.writeUInt32LE(end - batchHead, 0);
    bytes.writeUInt32LE(crc32(bytes.subarray(batchHead)), 4);
    this.#frames = 0;
    this.#send(bytes);
  }

  readonly #flushSoon = (): void => {
    this.#isFlushing = false;
    this.flush();
  };
}

/** Takes one frame: where its body lies in `bytes`, which are its own only until it returns. */
export type TakeFrame = (type: number, call: number, bytes: Buffer, at: number, end: number) => void;

/** Puts writes together from what the channel brings, and takes them apart. */
export class FrameParser {
  readonly #take: TakeFrame;
  /** The beginning of a write whose rest has not come, how much of it is there, and how much must be. */
  #part: Buffer | undefined;
  #have = 0;
  #whole = 0;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** Throws `WireError`, after which nothing of the connection may be believed. */
  feed(chunk: Buffer): void {
    let at = this.#part === undefined ? 0 : this.#goOn(this.#part, chunk);
    while (at < chunk.length) {
      const left = chunk.length - at;
      const whole = left < batchHead ? batchHead : wholeOf(chunk, at);
      if (left < whole) {
        this.#part = Buffer.allocUnsafe(Math.min(whole, Math.max(left, partBytes)));
        this.#have = chunk.copy(this.#part, 0, at);
        this.#whole = whole;
        return;
      }
      this.#open(chunk, at, at + whole);
      at += whole;
    }
  }

  /** Adds to the write that has begun; where in `chunk` what follows it begins. Each byte is copied once or twice. */
  #goOn(begun: Buffer, chunk: Buffer): number {
    let part = begun;
    let at = 0;
    for (;;) {
      const end = Math.min(chunk.length, at + this.#whole - this.#have);
      const have = this.#have + end - at;
      if (have > part.length)
        part = this.#part = grown(part, this.#have, Math.min(this.#whole, Math.max(partBytes, have * 2)));
      chunk.copy(part, this.#have, at, end);
      this.#have = have;
      at = end;
      if (have < this.#whole) return at;
      if (have > batchHead) break;
      this.#whole = wholeOf(part, 0);
    }
    this.#part = undefined;
    this.#open(part, 0, this.#whole);
    return at;
  }

  /** One whole write. */
  #open(bytes: Buffer, at: number, end: number): void {
    const from = at + batchHead;
    if (crc32(bytes.subarray(from, end)) !== bytes.readUInt32LE(at + 4)) {
      throw new WireError("a write whose checksum is wrong");
    }
    this.#split(bytes, from, end);
  }

  #split(bytes: Buffer, from: number, end: number): void {
    let at = from;
    while (at < end) {
      if (end - at < frameHead) throw new WireError("a frame cut short");
      const length = bytes.readUInt32LE(at);
      const type = bytes[at + 4] as number;
      const next = at + 4 + length;
      if (length < frameHead - 4 || next > end) throw new WireError("a frame of an impossible length");
      if (type < 1 || type > typeMax) throw new WireError("an unknown frame");
      this.#take(type, bytes.readUInt32LE(at + 5), bytes, at + frameHead, next);
      at = next;
    }
  }
}

/** Bytes of the write that begins there, its head among them. */
function wholeOf(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32LE(at);
  if (length < frameHead || length > batchBytesMax) throw new WireError("a write of an impossible length");
  return batchHead + length;
}

function grown(part: Buffer, have: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  part.copy(bytes, 0, 0, have);
  return bytes;
}
