/**
 * Owns a stream as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): items, then one end or one
 * error. It must never keep more of an item than a message may have.
 */
import { skeinError, type SkeinError } from "../../errors/index.ts";
import { messageBytesMax } from "../limits.ts";

export const eventsType = "text/event-stream";
export const endEvent = "event: end\ndata: {}\n\n";

export function itemEvent(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from("data: "), body, Buffer.from("\n\n")]);
}

export function errorEvent(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from("event: error\ndata: "), body, Buffer.from("\n\n")]);
}

export interface StreamEvent {
  readonly is: "item" | "error" | "end";
  readonly data: Buffer;
}

/** The events of an answer as its bytes come; `data` of one line, as JSON is. Throws `SKEIN_TRANSPORT_PROTOCOL`. */
export async function* readEvents(source: AsyncIterable<Buffer>): AsyncGenerator<StreamEvent, void, undefined> {
  let event = "";
  let data: Buffer[] = [];
  for await (const line of linesOf(source)) {
    if (line.length === 0) {
      if (event === "end") return yield { is: "end", data: Buffer.alloc(0) };
      if (event === "error") yield { is: "error", data: Buffer.concat(data) };
      else if (data.length > 0) yield { is: "item", data: Buffer.concat(data) };
      [event, data] = ["", []];
      continue;
    }
    const colon = line.indexOf(0x3a);
    const name = line.toString("latin1", 0, colon < 0 ? line.length : colon);
    const value = colon < 0 ? line.subarray(line.length) : line.subarray(colon + (line[colon + 1] === 0x20 ? 2 : 1));
    if (name === "event") event = value.toString("latin1");
    if (name !== "data") continue;
    data.push(value);
    if (data.length > 1) throw broken("an item of several lines");
  }
}

async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      waiting.push(chunk.subarray(from, end));
      const line = Buffer.concat(waiting.splice(0));
      waitingBytes = 0;
      yield line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    waiting.push(chunk.subarray(from));
    waitingBytes += chunk.length - from;
    if (waitingBytes > messageBytesMax + 64) throw broken("an item that is too large");
  }
}

function broken(what: string): SkeinError {
  return skeinError("SKEIN_TRANSPORT_PROTOCOL", `the other side sent ${what}`);
}
