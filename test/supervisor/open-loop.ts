/**
 * A client that asks at a steady rate whether or not it is answered, and counts from the moment it meant to ask. It must
 * never hide a failure: a request has failed when two permitted resends did not help.
 */
import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** One request as it went. Times are of `performance.now()`. */
export interface Asked {
  readonly dueMs: number;
  readonly doneMs: number;
  readonly resends: number;
  /** What the last answer was when it was no 200. */
  readonly failure: string | undefined;
  /** Of the last answer. */
  readonly body: string;
  /** What was answered or met before the resends. */
  readonly met: readonly string[];
}

export interface LoadOptions {
  /** Of each request, by its number. */
  readonly url: (index: number) => string;
  /** Requests per second. */
  readonly rate: number;
  /** For one answer. */
  readonly limitMs?: number;
}

export interface Load {
  readonly asked: readonly Asked[];
  /** Asks no more, and resolves once everything was answered. */
  stop(): Promise<readonly Asked[]>;
}

const resendsMax = 2;
const resendAfterMs = 50;

export function startLoad({ url, rate, limitMs = 10_000 }: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true });
  const asked: Asked[] = [];
  const pending = new Set<Promise<void>>();
  let isOver = false;
  const one = async (index: number, dueMs: number): Promise<void> => {
    const met: string[] = [];
    for (;;) {
      const { failure, body } = await ask(url(index), agent, limitMs);
      if (failure === undefined || met.length === resendsMax) {
        asked.push({ dueMs, doneMs: performance.now(), resends: met.length, failure, body, met });
        return;
      }
      met.push(failure);
      await pause(resendAfterMs * met.length);
    }
  };
  const asking = (async () => {
    const beganMs = performance.now();
    for (let index = 0; !isOver; index++) {
      const dueMs = beganMs + (index * 1_000) / rate;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await pause(waitMs);
      const running = one(index, dueMs).finally(() => pending.delete(running));
      pending.add(running);
    }
  })();
  return {
    asked,
    async stop() {
      isOver = true;
      await asking;
      await Promise.all(pending);
      agent.destroy();
      return asked;
    },
  };
}

/** One GET; without an agent on a connection of its own. Never rejects. */
export function ask(
  url: string,
  agent: Agent | false,
  limitMs: number,
): Promise<{ readonly failure?: string; readonly body: string }> {
  return new Promise((resolve) => {
    let body = "";
    const failed = (error: Error) => resolve({ failure: (error as NodeJS.ErrnoException).code ?? error.message, body });
    const request = get(url, { agent, signal: AbortSignal.timeout(limitMs) }, (response) => {
      response.setEncoding("utf8").on("data", (part: string) => (body += part));
      response.once("end", () => {
        if (response.statusCode === 200) return resolve({ body });
        resolve({ failure: `${response.statusCode} ${/SKEIN_[A-Z_]+/.exec(body)?.[0] ?? ""}`.trim(), body });
      });
      response.once("error", failed);
    });
    request.once("error", failed);
  });
}
