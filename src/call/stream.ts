/**
 * Owns the journey of a stream: the stages of a call, then each item parsed on its own. It must never buffer items: the
 * reader's pull is the handler's pace.
 */
import { isBytes, type StreamOutput } from "../contract/index.ts";
import { copyValue } from "../core/index.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import { openDownload } from "./download.ts";
import { toFailure } from "./failure.ts";
import type { CallScope } from "./scope.ts";
import { checkAccess } from "./stages/access.ts";
import { checkGuard } from "./stages/guard.ts";
import { copyInput, parseInput, parseOutput } from "./stages/parse.ts";
import { Waiter } from "./waiter.ts";

/** The items of a stream; the handler starts at the first `next()`, and is told to stop when the reader leaves. */
export async function* travelStream(scope: CallScope, input: unknown): AsyncGenerator<unknown, void, undefined> {
  let code = "ok";
  const { endpoint, runtime } = scope;
  // Bytes are there or not: a download that makes its reader wait for long has lost its source.
  const waiter = new Waiter(scope, endpoint.isDownload ? (endpoint.timeoutMs ?? runtime.timeoutMs) : undefined);
  let opening: Promise<AsyncIterator<unknown>> | undefined;
  try {
    const { error } = scope.lifetime;
    if (error !== undefined) throw skeinError(codeOf(error), undefined, { outcome: "not_started" });
    const items = await waiter.wait<AsyncIterator<unknown>>(() => (opening = open(scope, input)));
    scope.arrival.onOpened?.();
    const { output } = scope.endpoint.method;
    for (;;) {
      const next = await waiter.wait<IteratorResult<unknown>>(() => items.next());
      if (next.done === true) return;
      yield isBytes(output)
        ? copyValue(next.value)
        : await parseOutput(scope, (output as StreamOutput).item, next.value);
    }
  } catch (thrown) {
    const error = await toFailure(scope, thrown);
    code = error.code;
    throw error;
  } finally {
    scope.lifetime.end(skeinError("SKEIN_CALL_CANCELED"));
    scope.endIncoming();
    // Not awaited: a handler that hangs in its own wait would hang its reader too; its signal is aborted above. By way of
    // the opening, since that may end after its reader has left.
    opening?.then((items) => items.return?.()).catch(() => undefined);
    scope.record(code);
  }
}

function codeOf(ended: SkeinError): "SKEIN_CALL_CANCELED" | "SKEIN_CALL_DEADLINE" {
  return ended.code === "SKEIN_CALL_CANCELED" ? "SKEIN_CALL_CANCELED" : "SKEIN_CALL_DEADLINE";
}

async function open(scope: CallScope, input: unknown): Promise<AsyncIterator<unknown>> {
  const { endpoint } = scope;
  checkAccess(endpoint, scope.arrival);
  const given = copyInput(scope, input);
  if (endpoint.method.body !== undefined) await scope.openBody(endpoint.method.body);
  const parsed: unknown = await parseInput(scope, given);
  if (endpoint.guard !== undefined) await checkGuard(scope, parsed);
  scope.hasStarted = true;
  const answered: unknown = await endpoint.handler(parsed, endpoint.own(scope), scope);
  const { output } = endpoint.method;
  if (isBytes(output)) return openDownload(endpoint.id, output, answered, scope.arrival.range);
  const iterable = answered as Partial<AsyncIterable<unknown>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] !== "function") {
    throw skeinError("SKEIN_OUTPUT_INVALID", `${endpoint.id} is a stream and returned no async iterable`);
  }
  return (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}
