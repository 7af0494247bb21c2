/**
 * Owns a body as its handler sees it: bytes counted against the contract's limit, whole or piece by piece. It must never
 * hold more of a streaming body than what the handler asks to hold.
 */
import { type Body, type BodyHead, type BodySpec, takesType } from "../contract/index.ts";
import { freeBytes } from "../core/free-bytes.ts";
import { sha256 } from "../core/sha256.ts";
import { skeinError } from "../errors/index.ts";
import type { Incoming } from "./incoming.ts";

/** Pieces that a body is put together of: one of a byte costs as much as one of 64 KiB. */
const piecesMax = 100_000;
const nothingSent: BodyHead = Object.freeze({});

/** Refuses by its head alone what a method does not take. Throws `SKEIN_HTTP_MEDIA_TYPE`, `SKEIN_HTTP_BODY_TOO_LARGE`. */
export function checkBodyHead(id: string, spec: BodySpec, head: BodyHead): void {
  if (!takesType(spec, head.type)) {
    const given = head.type === undefined ? "the body has no content type" : "the body is of another content type";
    throw skeinError("SKEIN_HTTP_MEDIA_TYPE", `${given}; ${id} takes ${spec.types?.join(", ")}`);
  }
  if (head.length !== undefined && head.length > spec.max) throw tooLarge(id, spec);
}

export class InboundBody implements Body {
  readonly type: string | undefined;
  readonly length: number | undefined;
  readonly #id: string;
  readonly #spec: BodySpec;
  readonly #incoming: Incoming | undefined;
  /** All of it, once it was received. */
  #whole: Uint8Array | undefined;
  #isTaken = false;

  constructor(id: string, spec: BodySpec, head: BodyHead | undefined, incoming: Incoming | undefined) {
    const { type, length } = head ?? nothingSent;
    this.#id = id;
    this.#spec = spec;
    this.#incoming = incoming;
    this.type = type;
    this.length = incoming === undefined ? 0 : length;
  }

  /** The pieces. Throws a `TypeError` when a streaming body is read twice. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#whole !== undefined) {
      // A copy: whoever reads may change what it gets, and the next one gets the sent bytes.
      if (this.#whole.length > 0) yield this.#whole.slice();
      return;
    }
    if (this.#isTaken) throw new TypeError(`the body of ${this.#id} streams, and can be read once`);
    this.#isTaken = true;
    if (this.#incoming === undefined) return;
    let size = 0;
    for await (const piece of this.#incoming) {
      if (!(piece instanceof Uint8Array)) {
        throw skeinError("SKEIN_INPUT_INVALID", `the body of ${this.#id} has a piece that is not bytes`);
      }
      size += piece.length;
      if (size > this.#spec.max) throw tooLarge(this.#id, this.#spec);
      if (piece.length > 0) yield piece;
    }
    if (this.length !== undefined && size !== this.length) {
      throw skeinError("SKEIN_INPUT_INVALID", `the body of ${this.#id} is not as long as its sender said`);
    }
  }

  async each(take: (piece: Uint8Array) => void | Promise<void>): Promise<number> {
    let size = 0;
    for await (const piece of this) {
      size += piece.length;
      await take(piece);
      // A copy that nobody else has.
      freeBytes(piece);
    }
    return size;
  }

  async bytes(): Promise<Uint8Array> {
    if (this.#whole !== undefined) return this.#whole.slice();
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this) {
      if (pieces.length >= piecesMax) throw tooLarge(this.#id, this.#spec);
      pieces.push(piece);
      size += piece.length;
    }
    if (pieces.length === 1) return pieces[0] as Uint8Array;
    const whole = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** Takes all of it, before the handler starts. */
  async receive(): Promise<void> {
    this.#whole = await this.bytes();
  }

  /** What an idempotency key stands for beside the input; only of a body that was received. */
  get digest(): string {
    return `${this.type ?? ""} ${sha256(this.#whole ?? new Uint8Array())}`;
  }
}

function tooLarge(id: string, spec: BodySpec) {
  return skeinError("SKEIN_HTTP_BODY_TOO_LARGE", `the body of ${id} is larger than its ${spec.max} bytes`);
}
