/** Owns the trace id of a request (W3C trace context, https://www.w3.org/TR/trace-context/). It must never trust a malformed one. */
import { createTraceId, type Random } from "../core/index.ts";

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** The trace id of a `traceparent` header where it is a valid one, else a new one. */
export function traceIdOf(given: string | undefined, random: Random): string {
  if (given === undefined || given.length > 512) return createTraceId(random);
  const match = traceparent.exec(given);
  // Version 00 has exactly four parts; a later one may have more.
  if (match === null || (given.startsWith("00-") && match[2] !== undefined)) return createTraceId(random);
  return match[1] as string;
}
