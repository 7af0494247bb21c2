/**
 * Owns a call's head as HTTP headers: standard ones where there are any, `skein-*` for the rest. It must never believe a
 * principal that no host of this system has signed.
 */
import type { InternalTokens } from "../../call/index.ts";
import { decodeValue, encodeValue } from "../../contract/index.ts";
import { type Clock, createTraceId, type Random, readTraceParent, ValueSetError } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { httpPathMax, nameMax, principalMs, principalSkewMs } from "../limits.ts";
import type { CallHead } from "../port.ts";

/** Everything here may be said once only. */
export const headerNames = {
  timeout: "skein-timeout-ms",
  caller: "skein-caller",
  path: "skein-path",
  principal: "skein-principal",
  outside: "skein-outside",
  extra: "skein-extra",
  trace: "traceparent",
  key: "idempotency-key",
  resume: "last-event-id",
} as const;

export interface HeadContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: InternalTokens;
}

const visible = /^[\x21-\x7e]+$/;
const endpoint = /^[\w.$-]{1,257}$/;
const traceId = /^(?!0{32})[0-9a-f]{32}$/;
/** Stands for no span: zero may not be said, and a reader keeps the lower 53 bits of any. */
const noSpan = 1n << 63n;

/** Throws `SKEIN_VALUE_SET` for a principal or extras that cannot travel. */
export function toHeaders(head: CallHead, { clock, tokens }: HeadContext): Record<string, string> {
  const { timeoutMs, key, caller, path, principal, resumeFrom, fromOutside, extra } = head;
  const headers: Record<string, string> = {};
  const set = (name: keyof typeof headerNames, value: string): void => void (headers[headerNames[name]] = value);
  if (traceId.test(head.traceId)) {
    const span = BigInt(head.parentSpan) || noSpan;
    set("trace", `00-${head.traceId}-${span.toString(16).padStart(16, "0")}-01`);
  }
  // To the microsecond, which no reader takes for an exponent.
  if (timeoutMs !== undefined && timeoutMs < 1e12) set("timeout", String(Number(timeoutMs.toFixed(3))));
  if (caller !== undefined) set("caller", caller);
  if (path.length > 0) set("path", path.join(", "));
  if (principal !== undefined) {
    const until = clock.now() + (timeoutMs ?? principalMs) + principalSkewMs;
    set(
      "principal",
      travelling("the principal of a call", () => tokens.sign(principal, until)),
    );
  }
  if (fromOutside === true) set("outside", "1");
  // What a header cannot say as it is goes where the rest goes.
  const rest: Record<string, unknown> = { ...extra };
  for (const [name, value] of [["key", key] as const, ["resume", resumeFrom] as const]) {
    if (value === undefined) continue;
    if (visible.test(value)) set(name, value);
    else rest[`$${name}`] = value;
  }
  if (Object.keys(rest).length > 0) {
    const text = travelling("what a call brings", () => encodeValue(rest));
    set("extra", Buffer.from(text, "utf8").toString("base64url"));
  }
  return headers;
}

/** Throws `SKEIN_HTTP_BAD_REQUEST` for what is malformed, `SKEIN_ACCESS_UNAUTHENTICATED` for a principal that is not signed. */
export function fromHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { clock, random, tokens }: HeadContext,
): CallHead {
  const get = (name: keyof typeof headerNames): string | undefined => {
    const value = headers[headerNames[name]];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const trace = readTraceParent(get("trace"));
  const timeout = get("timeout");
  const caller = get("caller");
  const token = get("principal");
  const principal = token === undefined ? undefined : freeze(tokens.verify(token, clock.now()));
  const { $key, $resume, ...extra } = restOf(get("extra"));
  const key = get("key") ?? asText($key);
  const resumeFrom = get("resume") ?? asText($resume);
  if (caller !== undefined && (caller.length > nameMax || !endpoint.test(caller))) throw malformed("caller");
  return {
    traceId: trace?.traceId ?? createTraceId(random),
    parentSpan: trace === undefined ? 0 : Number(BigInt.asUintN(53, BigInt(`0x${trace.spanId}`))),
    path: pathOf(get("path")),
    ...(timeout !== undefined && { timeoutMs: timeoutOf(timeout) }),
    ...(key !== undefined && { key }),
    ...(caller !== undefined && { caller }),
    ...(principal !== undefined && { principal }),
    ...(resumeFrom !== undefined && { resumeFrom }),
    ...(get("outside") === "1" && { fromOutside: true }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function pathOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const path = text.split(",").map((part) => part.trim());
  if (path.length > httpPathMax || !path.every((id) => endpoint.test(id))) throw malformed("path");
  return path;
}

function timeoutOf(text: string): number {
  if (!/^\d{1,12}(\.\d{1,16})?$/.test(text)) throw malformed("timeout");
  return Number(text);
}

/** What `write` makes of it. */
function travelling(what: string, write: () => string): string {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    throw skeinError("SKEIN_VALUE_SET", `${what}: ${error.path} is ${error.found}`, { cause: error });
  }
}

function restOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value = decodeValue(Buffer.from(text, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
  }
  throw malformed("extra");
}

function asText(value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw malformed("extra");
}

function malformed(name: keyof typeof headerNames) {
  return skeinError("SKEIN_HTTP_BAD_REQUEST", `the header ${headerNames[name]} is malformed`);
}

/** No handler may change who a call is for. */
function freeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const field of Object.values(value)) freeze(field);
  return Object.freeze(value);
}
