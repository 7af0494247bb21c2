/**
 * Owns answering item by item: NDJSON, or server-sent events when the client asks for them. It must never read ahead of
 * its client: the socket's pace is the handler's pace.
 */
import type { Clock, Random } from "../core/index.ts";
import { isStream } from "../contract/index.ts";
import { itemId, type Problem, toJson } from "../contract/shapes.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import type { Exchange } from "./exchange.ts";
import { Heartbeat } from "./heartbeat.ts";
import { firstItemMs, heartbeatMs, moveReconnectMs, reconnectMs } from "./limits.ts";
import { toError, toProblem } from "./problem.ts";
import type { Reader, Readers } from "./readers.ts";
import type { Route } from "./router.ts";

/** How items and the end of a stream are written. */
interface Format {
  readonly type: string;
  item(item: unknown, id: string | undefined): string;
  failure(problem: Problem): string;
  readonly end: string;
  /** What comes before the first item, and what is sent while there is none; empty where the format has no word for it. */
  readonly start: string;
  readonly idle: string;
}

const ndjson: Format = {
  type: "application/x-ndjson",
  item: (item) => `${JSON.stringify(item)}\n`,
  // The last line, and then the connection breaks off: a stream that ended well ends with its last chunk.
  failure: (problem) => `${JSON.stringify({ error: problem })}\n`,
  end: "",
  start: "",
  // Whoever reads line by line could take an empty one for a broken item.
  idle: "",
};

const events: Format = {
  type: "text/event-stream",
  item: (item, id) => `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(item)}\n\n`,
  failure: (problem) => `event: error\ndata: ${JSON.stringify(problem)}\n\n`,
  // EventSource takes a closed connection for a broken one and connects again; this tells its reader to close.
  end: "event: end\ndata: {}\n\n",
  start: `retry: ${reconnectMs}\n\n`,
  idle: ":\n\n",
};

/** The id after which a client resumes. */
export function resumeFrom(exchange: Exchange): string | undefined {
  const id = exchange.header("last-event-id");
  return id === "" ? undefined : id;
}

/** What the client is answered with, by its `Accept`. */
export function streamType(exchange: Exchange): string {
  return formatOf(exchange).type;
}

export interface StreamSettings {
  readonly clock: Clock;
  readonly random: Random;
  readonly isDevelopment: boolean;
}

/** Sends a stream to its end. Rejects with the handler's error only while nothing has been sent. */
export async function sendStream(
  exchange: Exchange,
  route: Route,
  items: AsyncIterable<unknown>,
  settings: StreamSettings,
  readers: Readers,
): Promise<void> {
  const format = formatOf(exchange);
  const iterator = items[Symbol.asyncIterator]();
  const reading = new Reading(exchange, route);
  let beats: Heartbeat | undefined;
  try {
    const first = iterator.next();
    // An error before the first item still gets its own status; a stream that is merely slow is not waited for.
    await settledOrAMoment(settings.clock, first);
    openStream(exchange, route, format);
    readers.add(reading);
    if (format.idle !== "") beats = new Heartbeat(settings.clock, heartbeatMs, () => exchange.write(format.idle));
    for (let next = await first; next.done !== true; next = await iterator.next()) {
      const full = exchange.write(format.item(toJson(next.value), reading.came(next.value)));
      beats?.wrote(full);
      if (full !== undefined) await full;
      if (exchange.isOver) return;
    }
    exchange.end(format.end);
  } catch (thrown) {
    const error = reading.failure(toError(thrown));
    // An EventSource connects again only after an answer that was one.
    const comesBack = error.code === "SKEIN_MOVED" && format === events && reading.goesOn;
    if (!exchange.isAnswered) {
      if (!comesBack) throw thrown;
      openStream(exchange, route, format);
    }
    exchange.code = error.code;
    if (comesBack) return exchange.end(`retry: ${settings.random.int(moveReconnectMs)}\n\n`);
    const last = format.failure(toProblem(error, exchange.traceId, settings.isDevelopment));
    if (format === events) exchange.end(last);
    else exchange.breakOff(last);
  } finally {
    readers.remove(reading);
    beats?.stop();
    // Not awaited: a handler that hangs in its own wait would hang this too; its signal has told it.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

function openStream(exchange: Exchange, route: Route, format: Format): void {
  exchange.open(route.status, {
    "content-type": format.type,
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  if (format.start !== "") void exchange.write(format.start);
}

/** One stream on its way to a client: what it could begin again after, and whether the gateway has ended it. */
class Reading implements Reader {
  readonly #exchange: Exchange;
  readonly #field: string | undefined;
  readonly #isQuery: boolean;
  #lastId: string | undefined;
  #hasIds = true;
  #hasLeft = false;

  constructor(exchange: Exchange, { method: { output, kind } }: Route) {
    this.#exchange = exchange;
    this.#field = isStream(output) ? output.id : undefined;
    this.#isQuery = kind === "query";
    this.#lastId = resumeFrom(exchange);
  }

  get goesOn(): boolean {
    return this.#isQuery && this.#field !== undefined && this.#hasIds;
  }

  /** The id of an item that is about to be sent. */
  came(item: unknown): string | undefined {
    const id = itemId(this.#field, item);
    this.#hasIds = id !== undefined;
    return (this.#lastId = id);
  }

  leave(): void {
    this.#hasLeft = true;
    this.#exchange.departure?.left();
  }

  /** What its end is due to, where the gateway has made it. */
  failure(error: SkeinError): SkeinError {
    if (!this.#hasLeft || this.#exchange.isOver) return error;
    return skeinError("SKEIN_MOVED", undefined, this.#lastId === undefined ? {} : { data: { lastId: this.#lastId } });
  }
}

/** Resolves when the promise has, or after a moment; rejects if it does within that. */
function settledOrAMoment(clock: Clock, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(firstItemMs, resolve, { unref: true });
    promise.then(
      () => {
        timer.cancel();
        resolve();
      },
      (error: Error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}

function formatOf(exchange: Exchange): Format {
  return /(^|[,\s])text\/event-stream([;,\s]|$)/i.test(exchange.header("accept") ?? "") ? events : ndjson;
}
