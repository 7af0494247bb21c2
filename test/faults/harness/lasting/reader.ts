/**
 * Owns one reader of server-sent events that does what a browser's `EventSource` does and nothing more
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). It must never be cleverer: what it loses, users lose.
 */
import { get, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** Between a break and the next connection, unless the server says another. */
const retryDefaultMs = 3_000;

export interface Read {
  readonly id: string;
  readonly data: string;
}

export class EventReader {
  readonly events: Read[] = [];
  connections = 0;
  /** Longest time between two events, in milliseconds. */
  silenceMs = 0;
  /** Why an `EventSource` would have given up, which it does for good. */
  gaveUp: string | undefined;
  #lastId = "";
  #lastMs = performance.now();
  #retryMs = retryDefaultMs;
  #response: IncomingMessage | undefined;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(urlOf: () => string) {
    this.#done = this.#run(urlOf);
  }

  /** Resolves once so many events have come; rejects when none comes any more. */
  async until(count: number, withinMs: number): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (this.events.length < count) {
      if (this.gaveUp !== undefined) throw new Error(this.gaveUp);
      if (performance.now() > endMs) throw new Error(`${this.events.length} of ${count} events in ${withinMs} ms`);
      await pause(10);
    }
  }

  close(): Promise<void> {
    this.#isOver = true;
    this.#response?.destroy();
    return this.#done;
  }

  async #run(urlOf: () => string): Promise<void> {
    while (!this.#isOver && this.gaveUp === undefined) {
      this.connections++;
      await this.#connect(urlOf());
      if (!this.#isOver) await pause(this.#retryMs);
    }
  }

  /** Resolves when the connection is over, however. */
  #connect(url: string): Promise<void> {
    const headers = { accept: "text/event-stream", ...(this.#lastId !== "" && { "last-event-id": this.#lastId }) };
    return new Promise((resolve) => {
      const request = get(url, { headers, agent: false }, (response) => {
        this.#response = response;
        response.once("close", resolve).on("error", () => undefined);
        if (response.statusCode !== 200) {
          this.gaveUp = `an EventSource gives up: it was answered ${response.statusCode}`;
          response.destroy();
        } else this.#read(response);
      });
      request.on("error", () => resolve());
    });
  }

  #read(response: IncomingMessage): void {
    let rest = "";
    let event: { id?: string; data?: string; event?: string } = {};
    response.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [, name = "", value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
        if (line === "") {
          this.#dispatch(event);
          event = {};
        } else if (name === "retry") this.#retryMs = Number(value);
        else if (name !== "") event = { ...event, [name]: value };
      }
    });
  }

  #dispatch({ id, data, event = "message" }: { id?: string; data?: string; event?: string }): void {
    if (this.#isOver) return;
    if (id !== undefined) this.#lastId = id;
    if (data === undefined) return;
    if (event === "error") this.gaveUp ??= `the stream ended with an error: ${data}`;
    if (event !== "message") return;
    const now = performance.now();
    if (this.events.length > 0) this.silenceMs = Math.max(this.silenceMs, now - this.#lastMs);
    this.#lastMs = now;
    this.events.push({ id: this.#lastId, data });
  }
}

/** What is wrong with ids that should be 1, 2, 3 and so on. */
export function gapsOf(ids: readonly string[]): string[] {
  const wrong: string[] = [];
  ids.forEach((id, i) => {
    if (Number(id) !== i + 1 && wrong.length < 5) wrong.push(`event ${i + 1} of the stream has the id ${id}`);
  });
  return wrong;
}
