// Owns one keep-alive connection of the load client, with one request in flight: as cheap as Node can be. Must never take
// an answer that is not the expected one, byte for byte.
import { connect, type Socket } from "node:net";
import type { Asked } from "./pages.ts";

const headEnd = Buffer.from("\r\n\r\n");
/** A server that has answered enough on one connection says so. */
const lastAnswer = /\r\nconnection: close\r\n/i;

export class Connection {
  readonly #socket: Socket;
  readonly #fail: (error: Error) => void;
  #asked: Asked | undefined;
  #done: () => void = () => undefined;
  #rest: Buffer | undefined;
  /** It was closed, or is about to be: nothing more may be asked on it. */
  isOver = false;

  constructor(port: number, fail: (error: Error) => void) {
    this.#fail = fail;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.on("error", fail);
    this.#socket.on("close", () => {
      this.isOver = true;
      if (this.#asked !== undefined) fail(new Error("the server closed a connection and left a request unanswered"));
    });
  }

  ask(asked: Asked, done: () => void): void {
    this.#asked = asked;
    this.#done = done;
    this.#socket.write(`GET ${asked.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const body = this.#asked?.body ?? headEnd;
    const bodyAt = bytes.indexOf(headEnd) + headEnd.length;
    if (bodyAt < headEnd.length || bytes.length < bodyAt + body.length) {
      this.#rest = bytes;
      return;
    }
    this.#rest = undefined;
    // "HTTP/1.1 2"; and one reply to one request: nothing may follow it.
    const isRight = this.#asked !== undefined && bytes[9] === 0x32 && bytes.subarray(bodyAt).equals(body);
    if (!isRight) return this.#fail(new Error(`not the expected answer: ${bytes.toString("latin1")}`));
    this.#asked = undefined;
    if (lastAnswer.test(bytes.toString("latin1", 0, bodyAt))) this.isOver = true;
    this.#done();
  }
}
