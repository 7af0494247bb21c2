/**
 * Owns an answer that goes out whole, in one write of its own. It must never be used where Node has something to say about
 * the head: a connection that closes, an answer whose turn has not come, a body that is not there.
 */
import type { IncomingMessage } from "node:http";
import { http } from "../../core/node-modules.ts";

/**
 * An answer as Node knows it, and beside that a shorter way out: Node checks every name and value of a head again for
 * every answer and puts its text together piece by piece, which costs more than the head is worth where it is the same
 * text each time. Made by the server, which takes such a class.
 */
export class GatewayResponse<Request extends IncomingMessage = IncomingMessage> extends http.ServerResponse<Request> {
  #isSent = false;
  #isDone = false;

  static {
    const define = (name: string, mine: (response: GatewayResponse) => boolean): void => {
      // (The types have these for fields, which accessors may not stand for.)
      const inherited =
        Object.getOwnPropertyDescriptor(http.ServerResponse.prototype, name) ??
        Object.getOwnPropertyDescriptor(http.OutgoingMessage.prototype, name);
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        get(this: GatewayResponse): boolean {
          return mine(this) || inherited?.get?.call(this) === true;
        },
      });
    };
    define("headersSent", (response) => response.#isSent);
    define("writableEnded", (response) => response.#isSent);
    define("writableFinished", (response) => response.#isDone);
  }

  /**
   * Writes a whole answer as it is, after which the connection stays open; false, and nothing is written, where only Node
   * knows how to answer.
   */
  sendWhole(status: number, text: string, encoding: "latin1" | "utf8"): boolean {
    const { socket, req } = this;
    // Without a socket it is not yet this answer's turn.
    if (socket === null || !this.shouldKeepAlive || this.headersSent || this.destroyed) return false;
    if (req.httpVersionMinor !== 1 || req.method === "HEAD" || req.headers.expect !== undefined) return false;
    this.#isSent = true;
    this.statusCode = status;
    socket.write(text, encoding, (error) => {
      // A socket that failed says so itself.
      if (error !== null && error !== undefined) return;
      this.#isDone = true;
      // What the server waits for before it takes up the connection's next request.
      this.emit("finish");
    });
    return true;
  }
}
