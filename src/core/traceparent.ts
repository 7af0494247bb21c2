/** Owns reading W3C trace context (https://www.w3.org/TR/trace-context/). It must never trust a malformed one. */

export interface TraceParent {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the span of whoever called. */
  readonly spanId: string;
}

const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/** What a `traceparent` header says, or `undefined` where it is no valid one. @since 0.1.0 */
export function readTraceParent(given: string | undefined): TraceParent | undefined {
  if (given === undefined || given.length > 512) return undefined;
  const match = form.exec(given);
  // Version 00 has exactly four parts; a later one may have more.
  if (match === null || (given.startsWith("00-") && match[3] !== undefined)) return undefined;
  return { traceId: match[1] as string, spanId: match[2] as string };
}
