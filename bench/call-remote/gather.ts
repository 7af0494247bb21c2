// Owns the bytes of the contestants that have a socket and nothing else: what one turn of the loop has to say leaves as one
// write, and frames are found again. A frame is its length, the number of its call, a body. Must never look into a body.
import type { Socket } from "node:net";

const roomBytes = 65_536;
export const headBytes = 8;

export class Gather {
  /** Where messages are written to, until the turn ends. */
  bytes: Buffer = Buffer.allocUnsafe(roomBytes);
  readonly #socket: Socket;
  #at = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Where in `bytes` there is room for at most so many. */
  room(bytesMax: number): number {
    if (this.#at + bytesMax > roomBytes) this.#send();
    if (this.#at === 0) setImmediate(this.#flush);
    return this.#at;
  }

  /** The message that was written there ends here. */
  wrote(end: number): void {
    this.#at = end;
  }

  /** A copy of a message; where it begins. */
  add(message: Buffer): number {
    const at = this.room(message.length);
    message.copy(this.bytes, at);
    this.#at = at + message.length;
    return at;
  }

  readonly #flush = (): void => {
    if (this.#at > 0) this.#send();
  };

  #send(): void {
    const bytes = this.bytes.subarray(0, this.#at);
    // The socket keeps what it was given until it has gone.
    this.bytes = Buffer.allocUnsafe(roomBytes);
    this.#at = 0;
    this.#socket.write(bytes);
  }
}

/** Tells of each whole frame: its number, and where its body lies. */
export function walkFrames(socket: Socket, take: (id: number, bytes: Buffer, at: number, end: number) => void): void {
  let rest: Buffer | undefined;
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const end = at + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      take(bytes.readUInt32LE(at + 4), bytes, at + headBytes, end);
      at = end;
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
  });
}

/** More calls than any load has in flight. */
const callsMax = 256;

/** Promises that wait for frames, found by number without a lookup; free numbers are used again. */
export class Waiting<Reply> {
  readonly #resolves: (((reply: Reply) => void) | undefined)[] = Array.from({ length: callsMax });
  readonly #free = Array.from({ length: callsMax }, (_, id) => id);

  wait(resolve: (reply: Reply) => void): number {
    const id = this.#free.pop() as number;
    this.#resolves[id] = resolve;
    return id;
  }

  came(id: number, reply: Reply): void {
    this.#free.push(id);
    this.#resolves[id]?.(reply);
  }
}
