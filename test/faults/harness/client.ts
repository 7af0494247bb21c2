/**
 * Owns asking over HTTP as a customer's program would: in time, whatever became of earlier requests, and again at most twice
 * where RFC 9110 permits it (GET, or the same key). It must never resend with another key, nor wait for earlier answers while it has a connection.
 */
import { Agent, type IncomingMessage, request, type RequestOptions } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { createSeededRandom, type Random } from "../../../src/core/index.ts";
import type { Intended } from "./traffic.ts";

/** What became of one try. */
export interface Try {
  /** 0 where no complete answer came. */
  readonly status: number;
  readonly error?: string;
  /** Seconds, where the answer said so. */
  readonly retryAfter?: number;
  /** Where the answer says that nothing was done. */
  readonly hasNotBegun?: true;
  readonly ms: number;
}

/** One line of the history. */
export interface Asked {
  readonly index: number;
  readonly kind: Intended["kind"];
  readonly key?: string;
  /** When it was meant to leave, how much later it did, and when it was over, after the start. */
  readonly dueMs: number;
  readonly lateMs: number;
  readonly endMs: number;
  readonly tries: readonly Try[];
  /** Of the last answer. */
  readonly status: number;
  /** Of an order that was placed. */
  readonly order?: number;
}

export interface ClientOptions {
  /** Where to ask; with several, one after the other, as a load balancer would. */
  readonly urls: () => readonly string[];
  readonly seed: string;
  readonly resendsMax?: number | undefined;
  readonly told: (asked: Asked) => void;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Seconds. */
  readonly retryAfter: number;
}

/** What RFC 9110 permits is a matter of the request; how often is one of patience. */
const resendsMaxDefault = 2;
const answerMs = 10_000;
const bodyBytesMax = 1_048_576;
const backoffMs = { first: 50, longest: 500 } as const;

/**
 * Where customers come from. Beyond the connections of all of them requests would wait here, and the shop would have at most
 * so many at a time however many are due: that is no open loop.
 */
const addresses = process.platform === "linux" ? ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"] : ["127.0.0.1"];
/** Fewer than a gateway takes from one address. */
const connections = 512;
/** Opened at a time: fewer than may wait to be accepted (511 in Node). */
const openedAtOnce = 256;

/** The connections from one address. */
class Line {
  readonly agent: Agent;
  underWay = 0;

  constructor(localAddress: string) {
    const kept = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
    this.agent = new Agent({ ...kept, timeout: 60_000, localAddress });
  }
}

export class CustomerClient {
  readonly #lines = addresses.map((localAddress) => new Line(localAddress));
  readonly #random: Random;
  readonly #resendsMax: number;
  readonly #options: ClientOptions;
  #turn = 0;
  #underWay = 0;
  #mostUnderWay = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#resendsMax = options.resendsMax ?? resendsMaxDefault;
    this.#random = createSeededRandom(`client:${options.seed}`);
  }

  /** Sends each at its time; resolves once all are over. */
  async run(traffic: Iterable<Intended>, startMs: number): Promise<void> {
    const under: Set<Promise<unknown>> = new Set();
    for (const intended of traffic) {
      const waitMs = startMs + intended.dueMs - performance.now();
      if (waitMs > 1) await pause(waitMs);
      const one = this.#ask(intended, startMs).finally(() => under.delete(one));
      under.add(one);
    }
    await Promise.all(under);
  }

  /** So many customers, each of whom asks for the next once it was answered, until there is none or it is `untilMs`. Resolves with how many were answered. */
  async serve(traffic: Iterable<Intended>, customers: number, untilMs = Number.POSITIVE_INFINITY): Promise<number> {
    const startMs = performance.now();
    const left = traffic[Symbol.iterator]();
    let answered = 0;
    const customer = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        const next = left.next();
        if (next.done === true) return;
        const status = await this.#ask({ ...next.value, dueMs: performance.now() - startMs }, startMs);
        if (!isFailure(status)) answered++;
      }
    };
    await Promise.all(Array.from({ length: customers }, customer));
    return answered;
  }

  async #ask(intended: Intended, startMs: number): Promise<number> {
    const tries: Try[] = [];
    const lateMs = performance.now() - startMs - intended.dueMs;
    let last = await this.try(intended);
    tries.push(last.tried);
    for (let resend = 0; resend < this.#resendsMax && isFailure(last.tried.status); resend++) {
      await pause(this.#random.float() * Math.min(backoffMs.longest, backoffMs.first * 2 ** resend) + last.afterMs);
      last = await this.try(intended);
      tries.push(last.tried);
    }
    const { index, kind, key, dueMs } = intended;
    this.#options.told({
      index,
      kind,
      ...(key !== undefined && { key }),
      dueMs: Math.round(dueMs),
      lateMs: Math.round(lateMs * 10) / 10,
      endMs: Math.round((performance.now() - startMs) * 10) / 10,
      tries,
      status: last.tried.status,
      ...(last.order !== undefined && { order: last.order }),
    });
    return last.tried.status;
  }

  /** Sends it once. Never rejects. */
  async try({ method, path, key, body }: Intended): Promise<{ tried: Try; order?: number; afterMs: number }> {
    const startMs = performance.now();
    const headers = {
      ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
      ...(key !== undefined && { "idempotency-key": key }),
    };
    try {
      const { status, text, retryAfter } = await this.#balanced((url) => this.#send(url + path, method, headers, body));
      const order = status === 201 ? (JSON.parse(text) as { readonly id: number }).id : undefined;
      const code = status >= 400 ? /"code":"([A-Z_]+)"/.exec(text)?.[1] : undefined;
      const tried = {
        status,
        ...(code !== undefined && { error: code }),
        ...(retryAfter > 0 && { retryAfter }),
        ...(text.includes('"outcome":"not_started"') && { hasNotBegun: true as const }),
        ms: since(startMs),
      };
      // A server that says when is believed, as far as a customer has patience.
      return { tried, ...(order !== undefined && { order }), afterMs: Math.min(retryAfter * 1_000, 1_000) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { tried: { status: 0, error: code ?? message, ms: since(startMs) }, afterMs: 0 };
    }
  }

  /** Who refuses the connection has not had the request: the next one gets it, as a load balancer would have it. */
  async #balanced(send: (url: string) => Promise<Answer>): Promise<Answer> {
    const urls = this.#options.urls();
    const turn = this.#turn++;
    for (let more = urls.length - 1; ; more--)
      try {
        return await send(urls[(turn + more) % urls.length] ?? "");
      } catch (error) {
        if (more === 0 || (error as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw error;
      }
  }

  /**
   * Opens all connections, so that a crowd finds them when it comes: proxies and browsers keep theirs, and one more that is
   * opened in an overload may find the line of those to be accepted full, and tries again a second later.
   */
  async connect(): Promise<void> {
    for (const line of this.#lines)
      for (let count = openedAtOnce; count <= connections; count += openedAtOnce)
        await Promise.all(
          Array.from({ length: count }, () =>
            this.#balanced((url) => send(`${url}/health/live`, { agent: line.agent })),
          ),
        );
  }

  /** The most requests that were sent and not answered since this was last read, and how many of them may be so. */
  takeMostUnderWay(): { readonly most: number; readonly room: number } {
    const most = this.#mostUnderWay;
    this.#mostUnderWay = this.#underWay;
    return { most, room: this.#lines.length * connections };
  }

  /** From the first address that has room, so that few customers have few connections. */
  async #send(url: string, method: string, headers: Record<string, string | number>, body: string | undefined) {
    const line = this.#lines.find(({ underWay }) => underWay < connections) ?? (this.#lines[0] as Line);
    line.underWay++;
    this.#mostUnderWay = Math.max(this.#mostUnderWay, ++this.#underWay);
    try {
      return await send(url, { method, headers, agent: line.agent }, body);
    } finally {
      line.underWay--;
      this.#underWay--;
    }
  }

  close(): void {
    for (const { agent } of this.#lines) agent.destroy();
  }
}

function send(url: string, options: RequestOptions, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      read(
        response,
        (text) => {
          const retryAfter = Number(response.headers["retry-after"] ?? 0);
          resolve({ status: response.statusCode ?? 0, text, retryAfter: Number.isFinite(retryAfter) ? retryAfter : 0 });
        },
        reject,
      );
    });
    const timer = setTimeout(() => sent.destroy(new Error("no answer in time")), answerMs);
    sent.once("error", reject);
    sent.once("close", () => clearTimeout(timer));
    sent.end(body);
  });
}

/** With functions and not an iterator: what customers' process uses of the machine the shop does not have. */
function read(response: IncomingMessage, told: (text: string) => void, failed: (error: Error) => void): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  response.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes > bodyBytesMax) response.destroy(new Error("an answer of more than 1 MiB"));
    else parts.push(part);
  });
  response.once("error", failed);
  response.once("end", () => {
    if (response.complete) told(Buffer.concat(parts).toString("utf8"));
    else failed(new Error("an answer that was cut off"));
  });
}

/** No complete answer, or one that says the server failed. */
export function isFailure(status: number): boolean {
  return status === 0 || status >= 500;
}

function since(startMs: number): number {
  return Math.round((performance.now() - startMs) * 10) / 10;
}
