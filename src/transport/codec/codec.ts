/**
 * Owns one side of a method's values on the wire: by position where a value fits its layout, self-describing where it does
 * not. It must never validate.
 */
import type { SchemaShape } from "../../contract/shapes.ts";
import { messageBytesMax } from "../limits.ts";
import { type Decode, decoderOf } from "./decode.ts";
import { type Encode, encoderOf } from "./encode.ts";
import { type Layout, layoutHash, layoutOf } from "./layout.ts";
import type { Reader } from "./reader.ts";
import { readAny, writeAny } from "./self-describing.ts";
import { WireError } from "./wire-error.ts";
import { Misfit, type Writer } from "./writer.ts";

const selfDescribing = 0b100;
const textMask = 0b011;
/** Flags, and where the gathered texts begin. */
const headBytes = 5;

export class Codec {
  readonly layout: Layout;
  /** Equal on both ends when they need not tell each other the layout. */
  readonly hash: string;
  /** What it was made of, for whoever writes the same values as text. */
  readonly shape: SchemaShape | undefined;
  readonly #encode: Encode;
  readonly #decode: Decode;
  readonly #foreign = new Map<string, Decode>();

  constructor(layout: Layout, shape?: SchemaShape) {
    this.layout = layout;
    this.shape = shape;
    this.hash = layoutHash(layout);
    this.#encode = encoderOf(layout);
    this.#decode = decoderOf(layout);
  }

  static of(shape: SchemaShape): Codec {
    return new Codec(layoutOf(shape), shape);
  }

  /** Throws `ValueSetError` for what may not cross, `WireError` for more than a message may have. */
  write(to: Writer, value: unknown): void {
    const start = to.at;
    to.need(headBytes);
    to.at += headBytes;
    let flags = 0;
    try {
      this.#encode(to, value);
    } catch (error) {
      to.back(start + headBytes);
      if (!(error instanceof Misfit)) throw error;
      flags = selfDescribing;
      writeAny(to, value);
    }
    to.setU32(start + 1, to.at - start - headBytes);
    flags |= to.endText();
    if (to.at - start > messageBytesMax) throw new WireError("more bytes than a message may have");
    to.bytes[start] = flags;
  }

  /** The value in what `from` is over, written by a peer with this layout. Throws `WireError`. */
  read(from: Reader): unknown {
    return readValue(from, this.#decode);
  }

  /** The same for a peer whose layout is another one. */
  readForeign(from: Reader, hash: string, layout: Layout): unknown {
    let decode = this.#foreign.get(hash);
    if (decode === undefined) {
      decode = decoderOf(layout, this.layout);
      // A system has a few versions at a time; a peer that invents more makes no memory grow.
      if (this.#foreign.size >= foreignMax) this.#foreign.clear();
      this.#foreign.set(hash, decode);
    }
    return readValue(from, decode);
  }
}

const foreignMax = 16;

function readValue(from: Reader, decode: Decode): unknown {
  const flags = from.u8();
  const body = from.u32();
  if ((flags & ~(selfDescribing | textMask)) !== 0) throw new WireError("unknown flags");
  from.gathered(from.at + body, flags & textMask);
  const value = (flags & selfDescribing) === 0 ? decode(from) : readAny(from);
  if (!from.isSpent()) throw new WireError("more bytes than the value has");
  return value;
}
