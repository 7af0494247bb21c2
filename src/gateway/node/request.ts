/**
 * Owns reading a request's body as its parser hands it over. It must never be a second way round a limit: what is read
 * here is counted here.
 */
import { Readable } from "node:stream";
import { http } from "../../core/node-modules.ts";
import { skeinError } from "../../errors/index.ts";
import { bodyPiecesMax } from "../limits.ts";

/**
 * A request whose body can be taken as it arrives. Node's way is a stream, which costs four turns of its queues and five
 * listeners for the one piece that most bodies are: a seventh of what a whole request costs. The parser hands a body over
 * by `push`, which a class of one's own may override, and `createServer` takes such a class.
 */
export class GatewayRequest extends http.IncomingMessage {
  /** Who takes the body; without anybody it is a stream as ever. */
  #take: ((bytes: Buffer) => void) | undefined = undefined;
  #fail: ((error: unknown) => void) | undefined = undefined;
  #bytesMax = 0;
  #size = 0;
  #first: Buffer | undefined = undefined;
  #more: Buffer[] | undefined = undefined;
  /** Refused: what still comes is counted and thrown away. */
  #isDropping = false;
  #dropped = 0;
  #droppedMax = 0;
  #enough: (() => void) | undefined = undefined;
  /** Something is in the stream already, so that it can only be read from there. */
  #isStreaming = false;
  #isTaken = false;

  /**
   * Hands the whole body to `take`, or to `fail` what kept it from arriving: exactly one is called, once. False, and
   * neither is called, when the body is in the stream already.
   */
  readWhole(bytesMax: number, take: (bytes: Buffer) => void, fail: (error: unknown) => void): boolean {
    if (this.#isStreaming || this.destroyed) return false;
    this.#bytesMax = bytesMax;
    this.#take = take;
    this.#fail = fail;
    return true;
  }

  /**
   * Throws away what still comes of a body that is not wanted, and calls `enough` once: at its end, or when that was
   * `bytesMax`. False, and nothing changes, when the body is in the stream already. Reading it from there to throw it away
   * costs several times as much, and one read of the socket can hold ten thousand pieces.
   */
  dropRest(bytesMax: number, enough: () => void): boolean {
    if (this.#isStreaming || this.destroyed) return false;
    this.#isDropping = true;
    this.#droppedMax = bytesMax;
    this.#enough = enough;
    return true;
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#isDropping) {
      this.#drop(chunk);
      return true;
    }
    if (this.#take === undefined) {
      this.#isStreaming = true;
      return super.push(chunk, encoding);
    }
    if (chunk === null) this.#end(this.#take);
    else this.#add(chunk);
    return true;
  }

  static {
    // A body that was taken is over, though nobody has read it from the stream; Node then lets go of its request. (The
    // types have it for a field, which an accessor may not stand for.)
    const inherited = Object.getOwnPropertyDescriptor(Readable.prototype, "readableEnded");
    Object.defineProperty(this.prototype, "readableEnded", {
      configurable: true,
      get(this: GatewayRequest): boolean {
        return this.#isTaken || inherited?.get?.call(this) === true;
      },
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#over()?.(skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" }));
    super._destroy(error, callback);
  }

  #add(chunk: Buffer): void {
    this.#size += chunk.length;
    const pieces = this.#first === undefined ? 0 : 1 + (this.#more?.length ?? 0);
    if (this.#size > this.#bytesMax || pieces >= bodyPiecesMax) {
      // Whoever answers the error says how much more is read; until then some of it may come in this very turn.
      this.#isDropping = true;
      this.#over()?.(skeinError("SKEIN_HTTP_BODY_TOO_LARGE"));
      return;
    }
    if (this.#first === undefined) this.#first = chunk;
    else (this.#more ??= []).push(chunk);
  }

  #drop(chunk: Buffer | null): void {
    // A chunk of one byte costs some hundred bytes' worth of work.
    if (chunk !== null) this.#dropped += chunk.length + 256;
    else {
      this.#isTaken = true;
      super._read(0);
    }
    const enough = this.#enough;
    if (enough === undefined || (chunk !== null && this.#dropped <= this.#droppedMax)) return;
    this.#enough = undefined;
    enough();
  }

  #end(take: (bytes: Buffer) => void): void {
    const first = this.#first ?? nothing;
    const bytes = this.#more === undefined ? first : Buffer.concat([first, ...this.#more]);
    this.#over();
    this.#isTaken = true;
    // Says that the body is wanted: Node would read the rest of an unread one when its answer is over.
    super._read(0);
    take(bytes);
  }

  /** From here on it is a stream as ever. */
  #over(): ((error: unknown) => void) | undefined {
    const fail = this.#fail;
    this.#take = undefined;
    this.#fail = undefined;
    this.#first = undefined;
    this.#more = undefined;
    return fail;
  }
}

const nothing: Buffer = Buffer.alloc(0);
