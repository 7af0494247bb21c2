/**
 * Owns reading a stream's bytes as they come: lines, and the items, errors and end that lines mean. It must never read ahead
 * of its reader, and never keep more of an unfinished item than the limit.
 */
import { skeinError } from "../../errors/index.ts";
import type { Lifetime } from "./lifetime.ts";
import { itemCharsMax } from "./limits.ts";

/** One thing a stream says. */
export type Frame =
  | { readonly type: "item"; readonly text: string; readonly id: string | undefined }
  | { readonly type: "error"; readonly text: string }
  | { readonly type: "end" };

type Source = AsyncGenerator<string, void, undefined>;

/** The frames of an answer, by its content type. Throws what the connection threw when it breaks. */
export function framesOf(response: Response, life: Lifetime, idleMs: () => number): AsyncGenerator<Frame, void> {
  const lines = linesOf(response, life, idleMs);
  const isEvents = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
  return isEvents ? eventFrames(lines) : lineFrames(lines);
}

/** One value per line. */
async function* lineFrames(lines: Source): AsyncGenerator<Frame, void> {
  // A failure is the last line, and then the connection breaks off: an item may look like one, but another line follows
  // it, or a proper end.
  let doubtful: string | undefined;
  try {
    for await (const line of lines) {
      if (doubtful !== undefined) yield { type: "item", text: doubtful, id: undefined };
      doubtful = undefined;
      if (line.startsWith('{"error":{"type":"urn:skein:error:')) doubtful = line;
      else if (line !== "") yield { type: "item", text: line, id: undefined };
    }
  } catch (thrown) {
    if (doubtful === undefined) throw thrown;
    yield { type: "error", text: JSON.stringify((JSON.parse(doubtful) as { error: unknown }).error) };
    return;
  }
  if (doubtful !== undefined) yield { type: "item", text: doubtful, id: undefined };
  yield { type: "end" };
}

/** Server-sent events, as https://html.spec.whatwg.org/#parsing-an-event-stream has them, but for lone carriage returns. */
async function* eventFrames(lines: Source): AsyncGenerator<Frame, void> {
  let event = "";
  let data: string[] = [];
  let chars = 0;
  let id: string | undefined;
  for await (const line of lines) {
    if (line === "") {
      const text = data.join("\n");
      if (event === "end") {
        yield { type: "end" };
        return;
      }
      if (event === "error") yield { type: "error", text };
      else if (data.length > 0) yield { type: "item", text, id };
      [event, data, chars, id] = ["", [], 0, undefined];
      continue;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    chars += value.length + 1;
    if (chars > itemCharsMax) throw tooLong();
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id" && value !== "" && !value.includes("\0")) id = value;
  }
}

async function* linesOf(response: Response, life: Lifetime, idleMs: () => number): Source {
  if (response.body === null) return;
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      life.restart(idleMs());
      const next = await life.run(reader.read());
      life.pause();
      const text = next.done ? decoder.decode() : decoder.decode(next.value, { stream: true });
      let from = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
        yield withoutReturn(rest + text.slice(from, end));
        rest = "";
        from = end + 1;
      }
      rest += text.slice(from);
      if (rest.length > itemCharsMax) throw tooLong();
      if (next.done) break;
    }
    if (rest !== "") yield withoutReturn(rest);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function tooLong(): Error {
  return skeinError("SKEIN_CLIENT_TOO_LARGE", `an item of the stream has more than ${itemCharsMax} characters`);
}
