/**
 * Owns an answer that is written in pieces, as a stream that a `Response` takes. It must never hold more than its limit
 * and one piece, and never let an answer that broke off look whole.
 */
import { answerBufferBytesMax } from "./limits.ts";

const encoder = new TextEncoder();

export class AnswerStream {
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOver = false;
  #isBroken = false;
  /** Told when more may be written, or nobody reads any more. */
  #wake: (() => void) | undefined;

  /** `left`: the reader has gone before the end. */
  constructor(left: () => void) {
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          if (this.#isBroken) this.#break();
          this.#free();
        },
        cancel: () => {
          this.leave();
          left();
        },
      },
      { highWaterMark: answerBufferBytesMax, size: (piece) => piece.length },
    );
  }

  /** `undefined` when more may follow at once, else a promise of when it may. It never rejects. */
  write(piece: Uint8Array | string): Promise<void> | undefined {
    if (this.#isOver || piece.length === 0) return undefined;
    this.#controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
    if ((this.#controller.desiredSize ?? 0) > 0) return undefined;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  end(piece?: string): void {
    if (this.#isOver) return;
    if (piece !== undefined) void this.write(piece);
    this.leave();
    this.#controller.close();
  }

  /** The last piece still reaches the reader: an error would throw away what waits before it. */
  breakOff(piece?: string): void {
    if (this.#isOver) return;
    if (piece !== undefined) void this.write(piece);
    this.#isBroken = true;
    this.#break();
  }

  /** Nothing more is written, whether or not anybody reads. */
  leave(): void {
    this.#isOver = true;
    this.#free();
  }

  #break(): void {
    if (this.#isOver || this.#controller.desiredSize !== answerBufferBytesMax) return;
    this.leave();
    this.#controller.error(new Error("the answer broke off"));
  }

  #free(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
