/**
 * Owns a call that answers item by item: opening it, and opening it again after the last item where its method is a query.
 * It must never repeat an action that has begun, and never hand on an item twice.
 */
import { sleep } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { CallOptions } from "../client.ts";
import { toOutgoing } from "./call.ts";
import { durationOf, type Settings } from "./client-options.ts";
import type { Target } from "./encode.ts";
import { type Frame, framesOf } from "./frames.ts";
import { Lifetime } from "./lifetime.ts";
import { fromProblem, revive, strangeAnswer } from "./problem.ts";
import { AttemptFailed, type Outgoing, send, toFailed } from "./request.ts";
import { Retries } from "./retries.ts";

export interface StreamCallOptions extends CallOptions {
  /** Id of the last item received; the stream goes on after it. */
  readonly resumeFrom?: string;
}

/** Where a stream has got to. */
interface Progress {
  lastId: string | undefined;
  /** False once an item came without an id: what is after the last one is then not known. */
  canResume: boolean;
  items: number;
}

/** The items. The request is sent at the first `next()`; a reader that leaves ends it. */
export async function* callStream(
  settings: Settings,
  target: Target,
  input: unknown,
  options: StreamCallOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  const out = toOutgoing(settings, target, input, settings.streamType, options);
  const retries = new Retries(target, settings);
  const progress: Progress = { lastId: options.resumeFrom, canResume: true, items: 0 };
  // As between services: a stream has no total limit unless its caller sets one.
  const totalMs = options.timeout === undefined ? Infinity : durationOf("timeout", options.timeout);
  const startedAt = settings.clock.monotonic();
  const rest = (ms: number): number => Math.min(ms, Math.max(0, startedAt + totalMs - settings.clock.monotonic()));
  for (;;) {
    const life = new Lifetime(settings.clock, rest(settings.timeoutMs), options.signal);
    const before = progress.items;
    let failure: AttemptFailed;
    try {
      yield* connection(settings, target, out, life, progress, () => rest(settings.streamIdleMs));
      return;
    } catch (thrown) {
      if (!(thrown instanceof AttemptFailed)) throw thrown;
      const isOver = options.signal?.aborted === true || rest(1) === 0;
      // A connection that was silent for too long is as good as a broken one.
      failure =
        life.signal.aborted && !isOver && progress.items > 0
          ? new AttemptFailed(cut(target, "no item came for too long"))
          : thrown;
      if (isOver) throw retries.outcome(failure.error);
    } finally {
      life.end({ abort: true });
    }
    if (progress.items > before) retries.restart();
    const error = withLastId(failure.error, progress);
    if (!mayReopen(target, progress)) throw retries.outcome(error);
    const waitMs = retries.next({ error, retryAfterMs: failure.retryAfterMs }, rest(settings.timeoutMs));
    await sleep(settings.clock, waitMs, options.signal).catch(() => {
      throw retries.interrupted(skeinError("SKEIN_CALL_CANCELED", undefined, { cause: options.signal?.reason }));
    });
  }
}

/** The items of one connection. Throws `AttemptFailed`. */
async function* connection(
  settings: Settings,
  target: Target,
  out: Outgoing,
  life: Lifetime,
  progress: Progress,
  idleMs: () => number,
): AsyncGenerator<unknown, void, undefined> {
  const resume = progress.lastId === undefined ? undefined : { "last-event-id": progress.lastId };
  const response = await send(settings, target, { ...out, headers: { ...out.headers, ...resume } }, life);
  const type = response.headers.get("content-type") ?? "";
  if (!/^(?:text\/event-stream|application\/x-ndjson)\b/i.test(type))
    throw strange(`${type} instead of a stream`, response, target);
  const frames = framesOf(response, life, idleMs);
  try {
    for (;;) {
      const next = await frames.next().catch((thrown: unknown) => {
        throw toFailed(thrown, target);
      });
      if (next.done === true) throw new AttemptFailed(cut(target));
      if (next.value.type === "end") return;
      yield itemOf(next.value, response, target, progress);
    }
  } finally {
    // Not awaited: it may wait for bytes that never come; the lifetime's end aborts it.
    frames.return().catch(() => undefined);
  }
}

function itemOf(frame: Exclude<Frame, { type: "end" }>, response: Response, target: Target, progress: Progress) {
  let json: unknown;
  try {
    json = JSON.parse(frame.text);
  } catch {
    throw strange("an item with JSON that is broken", response, target);
  }
  if (frame.type === "error") {
    throw new AttemptFailed(
      fromProblem(json, target) ?? skeinError("SKEIN_CLIENT_ANSWER", "an error that is no problem"),
    );
  }
  progress.items++;
  const field = target.stream?.id;
  const id = frame.id ?? (field === undefined ? undefined : idIn(json, field));
  if (id === undefined) progress.canResume = false;
  else [progress.lastId, progress.canResume] = [id, true];
  return revive(target.answer, json);
}

/** As the gateway writes ids: what a header could not carry is none. */
function idIn(json: unknown, field: string): string | undefined {
  const id = typeof json === "object" && json !== null ? (json as Record<string, unknown>)[field] : undefined;
  const text = typeof id === "string" || typeof id === "number" ? String(id) : "";
  return text === "" || /[^\x20-\x7e]/.test(text) ? undefined : text;
}

/** Before its first item a stream is like any call; after it only a query that can say where it was. */
function mayReopen(target: Target, progress: Progress): boolean {
  if (progress.items === 0) return true;
  return target.kind === "query" && target.stream?.id !== undefined && progress.canResume;
}

/** Tells the reader of a stream that broke where it broke. */
function withLastId(error: SkeinError, { lastId, items }: Progress): SkeinError {
  if (error.code !== "SKEIN_CLIENT_NETWORK" || lastId === undefined || items === 0) return error;
  const { message, outcome, retry, cause } = error;
  return skeinError("SKEIN_CLIENT_NETWORK", message, { outcome, retry, cause, data: { lastId } });
}

function cut(target: Target, detail = "the stream ended before its end"): SkeinError {
  return skeinError("SKEIN_CLIENT_NETWORK", detail, { retry: target.isRepeatable });
}

function strange(detail: string, response: Response, target: Target): AttemptFailed {
  return new AttemptFailed(strangeAnswer(detail, response, target.isRepeatable));
}
