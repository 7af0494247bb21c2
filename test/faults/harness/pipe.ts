/**
 * Owns one direction of a connection that goes through the proxy: what has come and has not arrived. It must never lose a
 * byte, change their order, nor let one side hear of the other's end before its bytes have arrived.
 */
import type { Socket } from "node:net";
import type { Random } from "../../../src/core/index.ts";

export interface Delay {
  readonly delayMs: number;
  readonly jitterMs: number;
}

/** What waits, in bytes; beyond it the sender is read no further, as if its peer's window were full. */
const heldBytesMax = 8_388_608;

type Piece = { readonly dueMs: number } & ({ readonly bytes: Buffer } | { readonly end: "end" | "reset" });

export class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #random: Random;
  readonly #held: Piece[] = [];
  #bytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isCut = false;
  #delay: Delay | undefined;

  constructor(from: Socket, to: Socket, random: Random) {
    this.#from = from;
    this.#to = to;
    this.#random = random;
    from.on("data", (bytes) => {
      this.#bytes += bytes.length;
      this.#push({ bytes });
      if (this.#bytes > heldBytesMax) from.pause();
    });
    from.on("end", () => this.#push({ end: "end" }));
    from.on("error", () => this.#push({ end: "reset" }));
    to.on("drain", () => this.#deliver());
  }

  /** From now on; what waits for its time goes on waiting for it. */
  set(isCut: boolean, delay: Delay | undefined): void {
    this.#isCut = isCut;
    this.#delay = delay;
    this.#deliver();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
  }

  #push(what: { readonly bytes: Buffer } | { readonly end: "end" | "reset" }): void {
    const { delayMs, jitterMs } = this.#delay ?? { delayMs: 0, jitterMs: 0 };
    const dueMs = performance.now() + delayMs + (2 * this.#random.float() - 1) * jitterMs;
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    this.#held.push({ ...what, dueMs: this.#lastDueMs });
    this.#deliver();
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    for (let first = this.#held[0]; first !== undefined && !this.#isCut; first = this.#held[0]) {
      if (this.#to.writableNeedDrain) return;
      const waitMs = first.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), waitMs);
        return;
      }
      this.#held.shift();
      this.#pass(first);
    }
  }

  #pass(piece: Piece): void {
    if ("end" in piece) return piece.end === "end" ? void this.#to.end() : void this.#to.resetAndDestroy();
    this.#bytes -= piece.bytes.length;
    if (this.#bytes <= heldBytesMax) this.#from.resume();
    // One that is gone has said so in the other direction.
    if (this.#to.writable) this.#to.write(piece.bytes);
  }
}
