/**
 * Owns one call that answers once: its key, its attempts, and the run of a workflow that goes on after the first answer.
 * It must never send an action again that may have run.
 */
import { createId, sleep } from "../../core/index.ts";
import { isDeclaredError, isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import type { BodyCallOptions, CallOptions } from "../client.ts";
import { toSentBody } from "./body.ts";
import { durationOf, type Settings } from "./client-options.ts";
import { encodeInput, type Target } from "./encode.ts";
import { Lifetime } from "./lifetime.ts";
import { keyMax, pollFirstMs, pollMaxMs } from "./limits.ts";
import { strangeAnswer } from "./problem.ts";
import { AttemptFailed, discard, type Outgoing, readReply, send } from "./request.ts";
import { Retries, retryAfterMs } from "./retries.ts";

/** Options of any call; which of them a method takes its type says. */
export type AnyCallOptions = CallOptions & Partial<BodyCallOptions>;

const printable = /^[\x21-\x7e]+$/;

export async function callOnce(
  settings: Settings,
  target: Target,
  input: unknown,
  options: AnyCallOptions = {},
): Promise<unknown> {
  const out = toOutgoing(settings, target, input, "application/json", options);
  const ms = options.timeout === undefined ? settings.timeoutMs : durationOf("timeout", options.timeout);
  const life = new Lifetime(settings.clock, ms, options.signal);
  try {
    return await attempts(settings, target, out, life, async (response) => {
      const location = target.kind === "workflow" && response.status === 202 ? response.headers.get("location") : null;
      if (location === null) return readReply(settings, target, response, life);
      discard(response);
      return follow(settings, target, URL.parse(location, out.url), life);
    });
  } finally {
    life.end();
  }
}

/** Sends until an answer is used or none more is allowed. Throws the call's error. */
export async function attempts<T>(
  settings: Settings,
  target: Target,
  out: Outgoing,
  life: Lifetime,
  use: (response: Response) => Promise<T>,
): Promise<T> {
  const retries = new Retries(target, settings);
  if (life.signal.aborted) throw retries.interrupted(life.signal.reason as SkeinError);
  for (;;) {
    try {
      return await use(await send(settings, target, out, life));
    } catch (thrown) {
      if (!(thrown instanceof AttemptFailed)) throw thrown;
      // What the caller's own stream threw is the caller's.
      const failed = out.sent?.failure();
      if (failed !== undefined) throw failed as Error;
      if (out.sent?.isStream === true) throw thrown.error;
      const waitMs = retries.next(thrown, life.restMs);
      await sleep(settings.clock, waitMs, life.signal).catch(() => {
        throw retries.interrupted(life.signal.reason as SkeinError);
      });
    }
  }
}

/** The request of a call. Throws `SKEIN_INPUT_INVALID`, `SKEIN_VALUE_SET`, `SKEIN_KEY_INVALID`, `SKEIN_HTTP_BODY_TOO_LARGE`. */
export function toOutgoing(
  settings: Settings,
  target: Target,
  input: unknown,
  accept: string,
  options: AnyCallOptions,
): Outgoing {
  const { path, headers, body } = encodeInput(target, input);
  const sent = target.body === undefined ? undefined : toSentBody(target.body, options);
  const key = options.key ?? (makesKey(target) ? createId(settings.random) : undefined);
  if (key !== undefined && (key.length > keyMax || !printable.test(key)))
    throw skeinError("SKEIN_KEY_INVALID", `a key has 1 to ${keyMax} visible characters`);
  return {
    url: settings.base + path,
    verb: target.verb,
    body: sent?.content ?? body,
    sent,
    headers: {
      ...headers,
      ...sent?.headers,
      accept,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(key !== undefined && target.kind !== "query" && { "idempotency-key": key }),
    },
  };
}

/** What is not repeated has no key of ours: it would only make its caller believe that it could be. */
function makesKey(target: Target): boolean {
  return target.kind !== "query" && target.isRepeatable;
}

/** Asks for the result of a run until there is one. Throws `AttemptFailed` only for what the run itself ended with. */
async function follow(settings: Settings, target: Target, url: URL | null, life: Lifetime): Promise<unknown> {
  // The credentials go with it.
  if (url?.origin !== settings.origin) throw strangeAnswer("the run is said to be at another origin", undefined, false);
  const out: Outgoing = {
    url: url.href,
    verb: "GET",
    headers: { accept: "application/json" },
    body: undefined,
    sent: undefined,
  };
  const running = (): SkeinError =>
    skeinError("SKEIN_WORKFLOW_RUNNING", undefined, { data: { runId: url.pathname.split("/").at(-1) } });
  for (let pauseMs = pollFirstMs; ; pauseMs = Math.min(pollMaxMs, pauseMs * 2)) {
    let askedMs = 0;
    try {
      const response = await send(settings, target, out, life);
      if (response.status !== 202) return await readReply(settings, target, response, life);
      askedMs = retryAfterMs(response.headers.get("retry-after"), settings.clock);
      discard(response);
    } catch (thrown) {
      if (life.signal.aborted) throw endOf(life, running);
      if (!(thrown instanceof AttemptFailed)) throw thrown;
      // Looking is a query, whatever is looked at; only what says that it may be repeated is.
      if (!thrown.error.retry || isDeclaredError(thrown.error)) throw thrown.error;
      askedMs = thrown.retryAfterMs;
    }
    const waitMs = askedMs + pauseMs * (0.5 + settings.random.float() / 2);
    if (waitMs >= life.restMs) throw running();
    await sleep(settings.clock, waitMs, life.signal).catch(() => {
      throw endOf(life, running);
    });
  }
}

/** At the deadline the run goes on; a caller that gave up knows what it wanted. */
function endOf(life: Lifetime, running: () => SkeinError): unknown {
  const reason: unknown = life.signal.reason;
  return isSkeinError(reason) && reason.code === "SKEIN_CALL_DEADLINE" ? running() : reason;
}
