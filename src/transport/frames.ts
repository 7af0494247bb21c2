/**
 * Owns frames: gathered into one write with one checksum, and taken apart again. A write is
 * `u32 length, u32 CRC-32 of what follows, frames`; a frame `u32 length, u8 type, u32 call, body`; little endian. It must
 * never let a frame through whose write does not check out.
 */
import { crc32 } from "node:zlib";
import { WireError } from "./codec/wire-error.ts";
import { Writer } from "./codec/writer.ts";
import { batchBytesMax, flushBytes } from "./limits.ts";

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
const frameHead = 9;

/** Gathers frames until the turn ends or enough are there. */
export class FrameWriter {
  readonly #to = new Writer(16_384);
  readonly #send: (bytes: Buffer) => void;
  readonly #soon: (flush: () => void) => void;
  #isFlushing = false;
  #frameAt = 0;

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

  /** Ends the frame that was begun. */
  finish(): void {
    const to = this.#to;
    to.setU32(this.#frameAt, to.at - this.#frameAt - 4);
    if (to.at >= flushBytes) return this.flush();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#soon(this.#flushSoon);
  }

  /** Takes back the frame that was begun. */
  undo(): void {
    this.#to.back(this.#frameAt);
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
    // A copy, because the channel keeps what it is given; a slice of a pool costs less than a buffer.
    const bytes = Buffer.allocUnsafe(end);
    to.bytes.copy(bytes, 0, 0, end);
    bytes.writeUInt32LE(end - batchHead, 0);
    bytes.writeUInt32LE(crc32(bytes.subarray(batchHead)), 4);
    to.at = batchHead;
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
  #rest: Buffer | undefined;
  #missing = 0;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** Throws `WireError`, after which nothing of the connection may be believed. */
  feed(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#rest !== undefined) {
      // Copied when the whole write is there, and not for each piece of it.
      this.#pieces.push(Buffer.from(chunk));
      this.#missing -= chunk.length;
      if (this.#missing > 0) return;
      bytes = Buffer.concat([this.#rest, ...this.#pieces]);
      this.#rest = undefined;
      this.#pieces.length = 0;
    }
    let at = 0;
    for (;;) {
      const have = bytes.length - at;
      if (have < batchHead) return this.#keep(bytes, at, batchHead - have);
      const length = bytes.readUInt32LE(at);
      if (length < frameHead || length > batchBytesMax) throw new WireError("a write of an impossible length");
      if (have < batchHead + length) return this.#keep(bytes, at, batchHead + length - have);
      const from = at + batchHead;
      at = from + length;
      if (crc32(bytes.subarray(from, at)) !== bytes.readUInt32LE(from - 4)) {
        throw new WireError("a write whose checksum is wrong");
      }
      this.#split(bytes, from, at);
    }
  }

  readonly #pieces: Buffer[] = [];

  #keep(bytes: Buffer, at: number, missing: number): void {
    if (at === bytes.length) return;
    this.#rest = Buffer.from(bytes.subarray(at));
    this.#missing = missing;
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
