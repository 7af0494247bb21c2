/**
 * Owns how an error looks over HTTP: RFC 9457 problem details. It must never let out a stack, a cause, an internal name or
 * a foreign message; who must act decides how much of an error travels.
 */
import { type Problem, problemOf } from "../contract/shapes.ts";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import { dataPolicy } from "./exchange.ts";
import { retryAfterSeconds } from "./limits.ts";
import { statusText } from "./status-text.ts";

/** Codes whose details say who may do what, which is nobody's business but the operator's. */
const silent = new Set(["SKEIN_ACCESS_DENIED", "SKEIN_ACCESS_UNAUTHENTICATED", "SKEIN_CALL_FAILED"]);

/** Anything thrown, as a `SkeinError`. */
export function toError(thrown: unknown): SkeinError {
  return isSkeinError(thrown) ? thrown : skeinError("SKEIN_CALL_FAILED", undefined, { cause: thrown });
}

/** The problem of an error. Never throws. */
export function toProblem(error: SkeinError, traceId: string, isDevelopment: boolean): Problem {
  // What a moved stream says is the id of an item that its reader has.
  const isOpen = isDevelopment || error.who === "caller" || error.code === "SKEIN_MOVED";
  return problemOf(error, traceId, isOpen && !silent.has(error.code));
}

/** The headers that an error's status asks for. */
export function problemHeaders(problem: Problem): Record<string, string | number> {
  const { status, retry } = problem;
  const headers: Record<string, string | number> = {};
  if (retry && (status === 503 || status === 409 || status === 429)) headers["retry-after"] = secondsToWait(problem);
  if (status === 416 && problem.code === "SKEIN_CALL_RANGE") headers["content-range"] = `bytes */${sizeOf(problem)}`;
  // RFC 9110 asks for a challenge with every 401.
  if (status === 401) headers["www-authenticate"] = "Bearer";
  return headers;
}

function sizeOf({ data }: Problem): string {
  const size = (data as { readonly size?: unknown } | undefined)?.size;
  return typeof size === "number" ? String(size) : "*";
}

function secondsToWait({ code, data }: Problem): number {
  if (code !== "SKEIN_HTTP_RATE") return retryAfterSeconds;
  return Math.max(1, Math.ceil((data as { retryAfterMs: number }).retryAfterMs / 1_000));
}

/** A whole answer for a socket whose request could not be parsed. */
export function rawProblem(error: SkeinError, traceId: string): string {
  const body = JSON.stringify(toProblem(error, traceId, false));
  return [
    `HTTP/1.1 ${error.status} ${statusText(error.status) ?? "Error"}`,
    "content-type: application/problem+json",
    `content-length: ${new TextEncoder().encode(body).length}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    `content-security-policy: ${dataPolicy}`,
    `x-request-id: ${traceId}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}
