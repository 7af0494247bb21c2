/** Owns the trace id of a request. It must never be missing: every answer names it. */
import { createTraceId, type Random, readTraceParent } from "../core/index.ts";

/** The trace id of a `traceparent` header where it is a valid one, else a new one. */
export function traceIdOf(given: string | undefined, random: Random): string {
  return readTraceParent(given)?.traceId ?? createTraceId(random);
}
