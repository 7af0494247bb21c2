/**
 * Owns reading bytes that a peer sent. It must never read outside its message, and never make more than the bytes at hand
 * can stand for.
 */
import { containersMax } from "../limits.ts";
import { WireError } from "./wire-error.ts";
import { textModes } from "./writer.ts";

const empty = Buffer.alloc(0);
/** Looking at so few bytes costs less than what UTF-8 costs more than Latin-1. */
const shortMax = 64;

export class Reader {
  bytes: Buffer = empty;
  at = 0;
  /** Where the bytes being read end. */
  end = 0;
  #view: DataView = new DataView(empty.buffer, 0, 0);
  #text = "";
  #textAt = 0;
  #containers = 0;

  /** Reads this part of `bytes` from now on. */
  over(bytes: Buffer, at: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.at = at;
    this.end = end;
    this.#text = "";
    this.#textAt = 0;
    this.#containers = 0;
  }

  /** The texts gathered behind a value: `end` moves in front of them. */
  gathered(at: number, mode: number): void {
    if (at > this.end || at < this.at) throw new WireError("a value longer than its message");
    if (mode === textModes.latin1) this.#text = this.bytes.toString("latin1", at, this.end);
    else if (mode === textModes.utf8) this.#text = this.bytes.toString("utf8", at, this.end);
    else if (mode === textModes.utf16) this.#text = this.bytes.toString("utf16le", at, this.end);
    else throw new WireError("an unknown form of text");
    this.end = at;
  }

  u8(): number {
    if (this.at >= this.end) throw new WireError("a message cut short");
    return this.bytes[this.at++] as number;
  }

  u32(): number {
    this.#has(4);
    const value = this.#view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  f64(): number {
    this.#has(8);
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  varint(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    for (let i = 1; i < 8; i++) {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 || value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new WireError("a number that is too long");
  }

  integer(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A count of things that may take no byte at all, and are paid for from the message's budget. */
  items(): number {
    const count = this.varint();
    this.#containers += count;
    if (this.#containers > containersMax) throw new WireError("more items than a value may have");
    return count;
  }

  /** Goes on behind `count` bytes; where they begin. */
  skip(count: number): number {
    this.#has(count);
    const { at } = this;
    this.at += count;
    return at;
  }

  /** Whether every byte and every text was read. */
  isSpent(): boolean {
    return this.at === this.end && this.#textAt === this.#text.length;
  }

  /** A count of things that take at least a byte each, and are paid for from the message's budget. */
  count(): number {
    const count = this.varint();
    if (count > this.end - this.at) throw new WireError("more items than bytes");
    this.#containers += count;
    if (this.#containers > containersMax) throw new WireError("more items than a value may have");
    return count;
  }

  /** One more container. Throws once a message has more than a value may have. */
  container(): void {
    if (++this.#containers > containersMax) throw new WireError("more containers than a value may have");
  }

  string(): string {
    const head = this.varint();
    if (head % 2 === 0) {
      const length = head / 2;
      const from = this.#textAt;
      if (length > this.#text.length - from) throw new WireError("a text that is not there");
      this.#textAt = from + length;
      return this.#text.slice(from, from + length);
    }
    const mode = this.u8();
    const size = (head - 1) / 2;
    this.#has(size);
    const at = this.at;
    this.at += size;
    if (mode === textModes.utf8) return this.bytes.toString("utf8", at, at + size);
    if (mode === textModes.utf16 && size % 2 === 0) return this.bytes.toString("utf16le", at, at + size);
    throw new WireError("an unknown form of text");
  }

  /** A text in its place. */
  inline(): string {
    const size = this.varint();
    const at = this.skip(size);
    return this.bytes.toString(size <= shortMax && this.#isAscii(at, at + size) ? "latin1" : "utf8", at, at + size);
  }

  #isAscii(from: number, to: number): boolean {
    const { bytes } = this;
    for (let at = from; at < to; at++) if ((bytes[at] as number) > 0x7f) return false;
    return true;
  }

  raw(): Uint8Array {
    const size = this.varint();
    this.#has(size);
    // A copy of its own: the buffer it came in is used again.
    const value = new Uint8Array(size);
    value.set(this.bytes.subarray(this.at, this.at + size));
    this.at += size;
    return value;
  }

  #has(count: number): void {
    if (count > this.end - this.at) throw new WireError("a message cut short");
  }
}
