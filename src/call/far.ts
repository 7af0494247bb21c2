/**
 * Owns far semantics inside one process: every call's input, context, reply and error is turned to text and back, as it
 * would be between processes. It must never hand an object of one side to the other.
 */
import { decodeValue, encodeValue } from "../contract/index.ts";
import { copyValue, toMs, ValueSetError } from "../core/index.ts";
import { fromWireError, skeinError, toWireError, type WireError } from "../errors/index.ts";
import { answeredFrom } from "./failure.ts";
import type { InvokeOptions } from "./own.ts";
import type { RootOptions } from "./runtime.ts";
import type { CallScope } from "./scope.ts";

/** Answers a call as another process would. */
type There = (input: unknown, options: RootOptions) => unknown;

/** What travels beside the input, and the signal, which stays. */
export interface FarCall {
  readonly context: string;
  readonly signal: AbortSignal | undefined;
  /** Sent item by item, as text like everything else. */
  readonly incoming?: AsyncIterable<unknown> | undefined;
}

export function farOptions(scope: CallScope, path: readonly string[], options: InvokeOptions | undefined): FarCall {
  const timeoutMs = options?.timeout === undefined ? Number.POSITIVE_INFINITY : toMs(options.timeout);
  const leftMs = Math.min(scope.remainingMs(), timeoutMs);
  const context = {
    principal: scope.principal,
    caller: scope.service,
    key: options?.key,
    // A stream may have no deadline; what is without limit travels as nothing.
    timeoutMs: leftMs === Number.POSITIVE_INFINITY ? undefined : leftMs,
    traceId: scope.traceId,
    parentSpan: scope.span,
    resumeFrom: options?.resumeFrom,
    body: options?.body,
    range: options?.range,
    path,
  };
  const signal = options?.signal === undefined ? scope.signal : AbortSignal.any([scope.signal, options.signal]);
  return { context: encodeValue(context), signal, incoming: options?.incoming };
}

/** `target` is the endpoint's id, for messages and for whom an error came from. */
export async function sendFar(there: There, target: string, input: unknown, call: FarCall): Promise<unknown> {
  try {
    return decodeValue(encodeValue(await there(decodeValue(encode(target, input)), arrived(call))));
  } catch (error) {
    throw acrossTheWire(target, error);
  }
}

export async function* streamFar(
  there: There,
  target: string,
  input: unknown,
  call: FarCall,
): AsyncGenerator<unknown, void, undefined> {
  try {
    // Awaited, since a stream that is refused before it begins is a rejected promise.
    const items = (await there(decodeValue(encode(target, input)), arrived(call))) as AsyncIterable<unknown>;
    for await (const item of items) yield decodeValue(encodeValue(item));
  } catch (error) {
    throw acrossTheWire(target, error);
  }
}

function encode(target: string, input: unknown): string {
  try {
    // The copy decides what is in the value set, as it does near; the codec is only how it travels.
    return encodeValue(copyValue(input));
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    throw skeinError("SKEIN_VALUE_SET", `the input of ${target}: ${error.path} is ${error.found}`, { cause: error });
  }
}

function arrived(call: FarCall): RootOptions {
  // It was encoded a moment ago by the function above; a real transport checks what it reads.
  return {
    ...(decodeValue(call.context) as RootOptions),
    ...(call.signal !== undefined && { signal: call.signal }),
    ...(call.incoming !== undefined && { incoming: incomingFar(call.incoming) }),
  };
}

/**
 * What is outside the value set throws `ValueSetError`, which the callee's side knows from a near call. Not a generator:
 * one that was never begun, or waits, would not hand on that nothing more is wanted.
 */
function incomingFar(source: AsyncIterable<unknown>): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]: () => {
      const items = source[Symbol.asyncIterator]();
      return {
        async next() {
          const item = await items.next();
          if (item.done === true) return { done: true, value: undefined };
          return { done: false, value: decodeValue(encodeValue(copyValue(item.value))) };
        },
        return: async () => (await items.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

function acrossTheWire(target: string, error: unknown): Error {
  return answeredFrom(target, fromWireError(decodeValue(encodeValue(toWireError(error))) as WireError));
}
