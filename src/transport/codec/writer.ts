/**
 * Owns a growing buffer that frames and values are written into. Short texts of a value are gathered and written as one
 * piece behind it: one call into the runtime for all of them instead of one for each. It must never hold more than a
 * message may have.
 */
import { messageBytesMax } from "../limits.ts";
import { WireError } from "./wire-error.ts";

/** Texts up to this long are gathered. */
const shortMax = 256;
/** Gathered for one value at most; a reader that keeps one of the texts keeps all of them. */
const gatheredMax = 8_192;
/** Texts of heads up to this long; their length is one byte. */
const inlineAsciiMax = 64;
const integerMax = 2 ** 52;
export const textModes = { latin1: 0, utf8: 1, utf16: 2 } as const;

/** Costs nothing of a string that the engine holds in one byte a character, which is nearly all of them. */
const beyondLatin1 = /[^\0-\xff]/;

/** Said of a value that its layout does not fit; caught by whoever can write it self-describing. */
export class Misfit extends Error {}
const misfit = new Misfit();
/** Without a stack: it is thrown to be caught, by the thousand. */
export function unfit(): never {
  throw misfit;
}

export class Writer {
  bytes: Buffer;
  at = 0;
  #view: DataView;
  #text = "";

  constructor(size = 4_096) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` more bytes. Throws `WireError` above the limit of a message. */
  need(count: number): void {
    if (this.at + count > this.bytes.length) this.#grow(count);
  }

  u8(value: number): void {
    if (this.at === this.bytes.length) this.#grow(1);
    this.bytes[this.at++] = value;
  }

  u32(value: number): void {
    this.need(4);
    this.#view.setUint32(this.at, value, true);
    this.at += 4;
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  f64(value: number): void {
    this.need(8);
    this.#view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** A whole number from 0 to 2^53-1 in 1 to 8 bytes: LEB128. */
  varint(value: number): void {
    this.need(8);
    let rest = value;
    // Bit operations see 32 bits only.
    while (rest > 0x7fffffff) {
      this.bytes[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /** A whole number of either sign, zigzag; unfit beyond 2^52. */
  integer(value: number): void {
    if (value >= 0) this.varint(value < integerMax ? value * 2 : unfit());
    else this.varint(value > -integerMax ? value * -2 - 1 : unfit());
  }

  string(value: string): void {
    const { length } = value;
    if (length <= shortMax && this.#text.length <= gatheredMax) {
      this.varint(length * 2);
      this.#text += value;
      return;
    }
    const isWell = value.isWellFormed();
    const size = isWell ? Buffer.byteLength(value) : length * 2;
    this.varint(size * 2 + 1);
    this.u8(isWell ? textModes.utf8 : textModes.utf16);
    this.need(size);
    this.at += isWell ? this.bytes.write(value, this.at, "utf8") : this.bytes.write(value, this.at, "utf16le");
  }

  /** A text in its place, of ASCII mostly: for heads, which have nothing behind them. */
  inline(value: string): void {
    if (value.length <= inlineAsciiMax && this.#ascii(value)) return;
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.need(size);
    this.at += size === value.length ? this.bytes.write(value, this.at, "latin1") : this.bytes.write(value, this.at);
  }

  /** Character by character: two calls into the runtime cost more for so few. False, and nothing written, for others. */
  #ascii(value: string): boolean {
    const { length } = value;
    this.need(length + 1);
    const { bytes, at } = this;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + 1 + i] = code;
    }
    bytes[at] = length;
    this.at = at + 1 + length;
    return true;
  }

  raw(value: Uint8Array): void {
    this.varint(value.length);
    this.need(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** What was written before, as it was. */
  again(value: Uint8Array): void {
    this.need(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Writes what was gathered and tells how; the place of the reader is found by the value's own length. */
  endText(): number {
    const text = this.#text;
    this.#text = "";
    if (text.length === 0) return textModes.latin1;
    if (!beyondLatin1.test(text)) {
      // A third of what UTF-8 costs.
      this.need(text.length);
      this.at += this.bytes.write(text, this.at, "latin1");
      return textModes.latin1;
    }
    this.need(text.length * 3);
    if (!text.isWellFormed()) {
      this.at += this.bytes.write(text, this.at, "utf16le");
      return textModes.utf16;
    }
    this.at += this.bytes.write(text, this.at, "utf8");
    return textModes.utf8;
  }

  /** Back to where it was, with nothing gathered: for what did not fit. */
  back(at: number): void {
    this.at = at;
    this.#text = "";
  }

  #grow(count: number): void {
    const wanted = this.at + count;
    if (wanted > messageBytesMax * 2) throw new WireError("more bytes than a message may have");
    const bytes = Buffer.allocUnsafeSlow(Math.min(messageBytesMax * 2, Math.max(wanted, this.bytes.length * 2)));
    this.bytes.copy(bytes, 0, 0, this.at);
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
