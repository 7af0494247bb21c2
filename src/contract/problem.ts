/**
 * Owns an error as HTTP carries it: RFC 9457 problem details. It must never let out a stack or a cause, nor decide how much
 * the other side may know: who answers does.
 */
import { catalogue, isSkeinCode, type SkeinError, toWireError } from "../errors/index.ts";
import { toJson } from "./http-value.ts";

/** The body of an error's answer, `application/problem+json`. @since 0.1.0 */
export interface Problem {
  /** `urn:skein:error:<code>` */
  readonly type: string;
  /** The same for every occurrence of a code. */
  readonly title: string;
  readonly status: number;
  /** What was wrong this time, where the caller can act on it. */
  readonly detail?: string;
  readonly code: string;
  readonly outcome: SkeinError["outcome"];
  readonly retry: boolean;
  /** The data of a declared error, or what a program needs to correct its input. */
  readonly data?: unknown;
  readonly traceId: string;
}

/** The problem of anything thrown; with its detail and data where `isOpen`. Never throws. */
export function problemOf(error: unknown, traceId: string, isOpen: boolean): Problem {
  const wire = toWireError(error);
  const title = isSkeinCode(wire.code) ? catalogue[wire.code].what : wire.message;
  return {
    type: `urn:skein:error:${wire.code}`,
    title,
    status: wire.status,
    ...(isOpen && wire.message !== title && { detail: wire.message }),
    code: wire.code,
    outcome: wire.outcome,
    retry: wire.retry,
    ...(isOpen && wire.data !== undefined && { data: toJson(wire.data) }),
    traceId,
  };
}
