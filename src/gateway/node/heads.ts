/**
 * Owns the headers that every answer of one gateway has, and the text of those that many answers share. It must never make
 * text of a value that nobody has checked.
 */
import type { Clock } from "../../core/index.ts";
import { http } from "../../core/node-modules.ts";
import { dataPolicy, type Headers, isShared } from "../exchange.ts";
import { keepAliveMs } from "../limits.ts";

export class Heads {
  readonly #hsts: string | undefined;
  readonly #clock: Clock;
  readonly #texts = new WeakMap<Headers, string>();
  #second = Number.NaN;
  #date = "";

  constructor(clock: Clock, hsts: string | undefined) {
    this.#clock = clock;
    this.#hsts = hsts;
  }

  /** All headers of an answer but those of its connection. */
  complete(headers: Headers, traceId: string, length: number | undefined): Record<string, Headers[string]> {
    const all = this.#completeShared(headers);
    if (length !== undefined) all["content-length"] = length;
    all["x-request-id"] = traceId;
    return all;
  }

  /** The whole head of an answer on a connection that stays open, where its headers are shared ones. */
  textOf(status: number, headers: Headers, traceId: string, length: number): string | undefined {
    const text = this.#texts.get(headers) ?? this.#toText(headers);
    if (text === undefined) return undefined;
    const line = status === 200 ? "HTTP/1.1 200 OK" : `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? "unknown"}`;
    return `${line}${text}${this.#dateNow()}\r\nx-request-id: ${traceId}\r\ncontent-length: ${length}\r\n\r\n`;
  }

  #completeShared(headers: Headers): Record<string, Headers[string]> {
    const all: Record<string, Headers[string]> = { ...headers };
    all["x-content-type-options"] = "nosniff";
    all["content-security-policy"] ??= dataPolicy;
    if (this.#hsts !== undefined) all["strict-transport-security"] = this.#hsts;
    return all;
  }

  #toText(headers: Headers): string | undefined {
    if (!isShared(headers)) return undefined;
    let text = "";
    for (const [name, value] of Object.entries(this.#completeShared(headers))) {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, String(value));
      text += `\r\n${name}: ${String(value)}`;
    }
    text += `\r\nconnection: keep-alive\r\nkeep-alive: timeout=${keepAliveMs / 1_000}\r\ndate: `;
    this.#texts.set(headers, text);
    return text;
  }

  #dateNow(): string {
    const nowMs = this.#clock.now();
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = new Date(nowMs).toUTCString();
    }
    return this.#date;
  }
}
