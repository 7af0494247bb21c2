/**
 * Owns one request of `node:http` as the gateway's front sees it: whole answers with their length, pieces at the socket's
 * pace, the headers every answer has. It must never decide what an answer says.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../core/index.ts";
import { freeBytes } from "../../core/free-bytes.ts";
import { skeinError } from "../../errors/index.ts";
import type { ClientCertificate } from "../../system/index.ts";
import { type BodyEncoding, type Encoding, Exchange, type Headers, type Mounted } from "../exchange.ts";
import { bodyPiecesMax, lingerBytesMax, lingerMs } from "../limits.ts";
import { withVary } from "../encoding.ts";
import { type Compressor, readInflated } from "./compressor.ts";
import { clientCertificateOf } from "./client-certificate.ts";
import { handOver } from "./mount.ts";
import type { Heads } from "./heads.ts";
import { GatewayRequest } from "./request.ts";
import { GatewayResponse } from "./response.ts";
import { checkHead } from "./request-check.ts";
import { RequestPieces } from "./request-pieces.ts";

/** What is the same for all requests of a gateway. */
export interface NodeConnection {
  readonly heads: Heads;
  /** Absent where answers are not compressed. */
  readonly compressor: Compressor | undefined;
}

export class NodeExchange extends Exchange {
  /** Neither changes, but that an upgrade lets go of both. */
  request: IncomingMessage;
  response: ServerResponse;
  readonly #decideLast: () => boolean;
  #isLast: boolean | undefined;
  /** Kept, because a mounted application sees another one. */
  readonly rawTarget: string;
  readonly #heads: Heads;
  #hasHeaders = false;
  readonly #compressor: Compressor | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    traceId: string,
    startMs: number,
    isLast: () => boolean,
    connection: NodeConnection,
  ) {
    super(traceId, startMs);
    this.request = request;
    this.response = response;
    this.#decideLast = isLast;
    this.rawTarget = request.url ?? "";
    this.#heads = connection.heads;
    this.#compressor = connection.compressor;
  }

  /** Whether the connection closes after this answer, because the gateway does. It may be left to chance, which is asked once. */
  isLast(): boolean {
    return (this.#isLast ??= this.#decideLast());
  }

  get verb(): string {
    return this.request.method ?? "";
  }
  get peer(): string | undefined {
    return this.request.socket.remoteAddress;
  }
  get isEncrypted(): boolean {
    return (this.request.socket as Partial<TLSSocket>).encrypted === true;
  }
  get hasBody(): boolean {
    const { headers } = this.request;
    return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  }
  get isComplete(): boolean {
    return this.request.complete;
  }
  get isAnswered(): boolean {
    return this.response.headersSent;
  }
  get isOver(): boolean {
    return this.response.destroyed;
  }
  get status(): number {
    return this.response.statusCode;
  }

  checkHead(): string {
    return checkHead(this.request);
  }

  header(name: string): string | undefined {
    // Node joins repeats with ", " and gives a list for set-cookie only, which no request has.
    const value = this.request.headers[name];
    return typeof value === "string" ? value : undefined;
  }

  override clientCertificate(): ClientCertificate | undefined {
    return clientCertificateOf(this.request.socket);
  }

  proceed(): void {
    if (this.request.headers.expect !== undefined) this.response.writeContinue();
  }

  readBytes(bytesMax: number): Promise<Uint8Array> {
    const { request } = this;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > bytesMax || chunks.length >= bodyPiecesMax) {
          // What still comes is read and dropped by whoever answers the error.
          request.removeAllListeners("data");
          reject(skeinError("SKEIN_HTTP_BODY_TOO_LARGE"));
          return;
        }
        chunks.push(chunk);
      });
      request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
      request.on("error", () => reject(skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" })));
      request.on("close", () => {
        if (!request.complete) reject(skeinError("SKEIN_CALL_CANCELED", undefined, { outcome: "not_started" }));
      });
    });
  }

  override readBody(bytesMax: number, take: (bytes: Uint8Array) => void, fail: (error: unknown) => void): void {
    const { request } = this;
    if (request instanceof GatewayRequest && request.readWhole(bytesMax, take, fail)) return;
    super.readBody(bytesMax, take, fail);
  }

  pieces(): AsyncIterable<Uint8Array> {
    return new RequestPieces(this.request, () => this.proceed());
  }

  override readonly inflates = true;

  override readInflated(encoding: BodyEncoding, bytesMax: number): Promise<Uint8Array> {
    return readInflated(this.request, encoding, bytesMax);
  }

  override get compresses(): boolean {
    return this.#compressor !== undefined;
  }

  override compress(encoding: Encoding, text: string): Promise<Uint8Array> | undefined {
    return this.#compressor?.compress(encoding, text);
  }

  setHeader(name: string, value: string): void {
    this.#hasHeaders = true;
    this.response.setHeader(name, value);
  }

  send(status: number, headers: Headers, body?: Uint8Array | string): void {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) return;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body?.length;
    if (typeof body === "string" && this.#sendWhole(status, headers, body, length as number)) return;
    this.#writeHead(status, headers, length);
    // A text goes out with its head as one piece; bytes would be a second one, and two pieces cost the kernel twice.
    response.end(request.method === "HEAD" ? undefined : body);
  }

  /**
   * The answer is complete at once; the connection closes after the rest of the upload was dropped for a moment, because
   * closing it under a sender would reset it before it reads the answer.
   */
  refuse(status: number, headers: Headers, body: string, clock: Clock): void {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) return;
    const bytes = Buffer.from(body, "utf8");
    // 204 has no body, and so no length.
    this.#writeHead(status, { ...headers, connection: "close" }, status === 204 ? undefined : bytes.length);
    if (request.method === "HEAD" || bytes.length === 0) response.flushHeaders();
    else response.write(bytes);
    // Bound now: after this answer a mounted application may no longer reach the response's own methods.
    const end = response.end.bind(response);
    const finish = () => {
      timer.cancel();
      end();
    };
    const timer = clock.after(lingerMs, finish, { unref: true });
    request.once("close", finish);
    if (request instanceof GatewayRequest && request.dropRest(lingerBytesMax, finish)) return;
    let dropped = 0;
    request.on("data", (chunk: Buffer) => {
      // A chunk of one byte costs some hundred bytes' worth of work.
      dropped += chunk.length + 256;
      if (dropped > lingerBytesMax) finish();
    });
    request.once("end", finish);
    request.resume();
  }

  open(status: number, headers: Headers): void {
    if (this.response.headersSent || this.response.destroyed) return;
    this.#writeHead(status, headers);
    this.response.flushHeaders();
  }

  write(piece: Uint8Array | string): Promise<void> | undefined {
    const sent = typeof piece === "string" ? undefined : () => freeBytes(piece);
    return this.response.write(piece, sent) ? undefined : this.#drained();
  }

  end(piece?: string): void {
    const { request, response } = this;
    response.end(piece);
    // A body that its handler did not read to the end: Node would read all of it, to use the connection again.
    if (!request.complete) response.socket?.destroySoon();
  }

  breakOff(piece?: string): void {
    if (piece !== undefined) this.response.write(piece);
    this.response.socket?.destroySoon();
  }

  onOver(listener: () => void): void {
    this.response.once("close", listener);
  }

  override handOver(mounted: Mounted): void {
    handOver(this, mounted);
  }

  /** The way most answers go: false where it is not open. */
  #sendWhole(status: number, headers: Headers, body: string, length: number): boolean {
    const { response } = this;
    if (!(response instanceof GatewayResponse) || this.#hasHeaders || this.varyBy !== undefined || this.isLast())
      return false;
    const head = this.#heads.textOf(status, headers, this.traceId, length);
    if (head === undefined) return false;
    // As many bytes as characters: all of them ASCII, which the engine hands over without looking at each.
    return response.sendWhole(status, head + body, length === body.length ? "latin1" : "utf8");
  }

  #drained(): Promise<void> {
    const { response } = this;
    return new Promise((resolve) => {
      const done = () => {
        response.off("drain", done);
        response.off("close", done);
        resolve();
      };
      response.on("drain", done);
      response.on("close", done);
    });
  }

  #writeHead(status: number, headers: Headers, length?: number): void {
    const all = this.#heads.complete(headers, this.traceId, length);
    if (this.varyBy !== undefined) all["vary"] = withVary(all["vary"], this.varyBy);
    if (this.isLast()) all["connection"] = "close";
    this.response.writeHead(status, all as Record<string, string | number | string[]>);
  }
}
