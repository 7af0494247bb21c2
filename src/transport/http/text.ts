/**
 * Owns values and errors as the text of an HTTP body: the same as callers outside send and get. It must never validate, nor
 * pass on words of an answer that is none of this protocol.
 */
import { fromJson, parseJson, problemOf, type SchemaShape, toJsonText } from "../../contract/shapes.ts";
import { ValueSetError } from "../../core/index.ts";
import {
  canonicalCodes,
  canonicalStatus,
  catalogue,
  fromWireError,
  isSkeinError,
  isSkeinCode,
  type SkeinError,
  skeinError,
} from "../../errors/index.ts";
import { jsonLimits, messageBytesMax } from "../limits.ts";
import type { Operation } from "../port.ts";

/** A value as JSON; empty for `undefined`. Throws `SKEIN_VALUE_SET` or `SKEIN_TRANSPORT_TOO_LARGE`. */
export function toBody(what: string, value: unknown): Buffer {
  let text: string | undefined;
  try {
    text = toJsonText(value);
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    throw skeinError("SKEIN_VALUE_SET", `${what}: ${error.path} is ${error.found}`, { cause: error });
  }
  const body = Buffer.from(text ?? "", "utf8");
  if (body.length > messageBytesMax)
    throw skeinError("SKEIN_TRANSPORT_TOO_LARGE", `${what} has more than ${messageBytesMax} bytes`);
  return body;
}

/** The value of a body, with what its schema says of texts. Throws `SKEIN_HTTP_BODY_INVALID`. */
export function fromBody(shape: SchemaShape | undefined, body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  const value = parseJson(body, jsonLimits);
  return shape === undefined ? value : fromJson(shape, value);
}

/** An error's status and body. A peer is told everything but foreign messages. */
export function toProblemBody(error: unknown, traceId: string, status?: number): { status: number; body: Buffer } {
  const problem = problemOf(error, traceId, true);
  const attempts = isSkeinError(error) ? error.attempts : undefined;
  const body = Buffer.from(JSON.stringify({ ...problem, status: status ?? problem.status, attempts }), "utf8");
  if (body.length <= messageBytesMax) return { status: status ?? problem.status, body };
  const instead = skeinError("SKEIN_TRANSPORT_TOO_LARGE", "the data of the error is too large", { outcome: "unknown" });
  return toProblemBody(instead, traceId);
}

/**
 * The error that an answer of 4xx or 5xx means. Of a declared one the name is enough, and its `data`: another language need not
 * know the rest. What is no problem at all is `SKEIN_CALL_FAILED`.
 */
export function fromProblemBody(
  operation: Operation,
  answered: number | undefined,
  type: string,
  body: Uint8Array,
): SkeinError {
  const given = isJsonType(type) ? readProblem(body) : undefined;
  const { code } = given ?? {};
  // Within a stream only the problem says it.
  const status = answered ?? Number(given?.["status"] ?? 500);
  if (given === undefined || typeof code !== "string") return notOurs(status);
  const isDeclared = !code.startsWith("SKEIN_");
  const shape = operation.errors?.get(code);
  const known = isSkeinCode(code) ? catalogue[code].outcome : "unknown";
  const { data, detail, title, attempts, outcome = isDeclared ? "failed" : known, retry = false } = given;
  return fromWireError({
    code,
    canonical: canonicalCodes.find((each) => canonicalStatus[each] === status) ?? "unknown",
    message: typeof detail === "string" ? detail : typeof title === "string" ? title : code,
    outcome,
    retry,
    status,
    ...(attempts !== undefined && { attempts }),
    ...(data !== undefined && { data: shape === undefined ? data : fromJson(shape, data) }),
    ...(isDeclared && { declared: true }),
  });
}

/** What a proxy says of a server that is not there, or a server of itself when it broke. */
function notOurs(status: number): SkeinError {
  if (status === 401 || status === 403)
    return skeinError("SKEIN_TRANSPORT_DENIED", `the other side answered ${status} to this host's token`);
  return skeinError("SKEIN_CALL_FAILED", undefined, { cause: new Error(`an answer of ${status} without a problem`) });
}

function readProblem(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value = parseJson(body, jsonLimits);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** `application/json` and `application/problem+json`, in UTF-8. */
export function isJsonType(type: string): boolean {
  return /^application\/(problem\+)?json *(; *charset="?utf-8"?)? *$/i.test(type);
}
