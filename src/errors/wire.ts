/**
 * How an error crosses a boundary, and how it is read on the other side.
 * Must never let out a stack, a cause or a foreign error's message, and never throw at what a peer sent.
 */
import { copyValue } from "../core/index.ts";
import { isSkeinCode, knownErrors, type Outcome } from "./catalogue.ts";
import { canonicalStatus, isCanonicalCode, type CanonicalCode } from "./codes.ts";
import { createDeclared, isDeclarableName, isSkeinError, skeinError, type SkeinError } from "./skein-error.ts";

/** An error as it travels: plain values only. @since 0.1.0 */
export interface WireError {
  readonly code: string;
  readonly canonical: CanonicalCode;
  /** At most 2,000 UTF-16 code units. */
  readonly message: string;
  readonly outcome: Outcome;
  readonly retry: boolean;
  readonly data?: unknown;
  /** Present when a contract declares the error; absent for the catalogue's. */
  readonly declared?: true;
  readonly status: number;
  /** How often it was sent, where nobody above sends it again. At most 1,000. */
  readonly attempts?: number;
}

const messageMax = 2_000;
const attemptsMax = 1_000;
const outcomes: ReadonlySet<unknown> = new Set<Outcome>(["not_started", "unknown", "failed"]);

/**
 * The wire form of anything thrown. What is not a SkeinError becomes SKEIN_CALL_FAILED with the catalogue's text.
 * Data outside the value set is left out. Never throws.
 * @since 0.1.0
 */
export function toWireError(error: unknown): WireError {
  try {
    return write(error);
  } catch {
    // A forged error whose accessors or proxy throw.
    return callFailed;
  }
}

function write(error: unknown): WireError {
  if (!isSkeinError(error)) return callFailed;
  const known = isSkeinCode(error.code);
  if (!known && !isDeclarableName(error.code)) return callFailed;
  const data = copyData(error.data);
  return {
    code: error.code,
    canonical: error.canonical,
    // The detail of this one tends to be the message of whatever was thrown.
    message: error.code === "SKEIN_CALL_FAILED" ? callFailed.message : error.message.slice(0, messageMax),
    outcome: error.outcome,
    retry: error.retry,
    ...(data === undefined ? undefined : { data }),
    ...(known ? undefined : { declared: true as const }),
    status: error.status,
    ...(isAttempts(error.attempts) ? { attempts: error.attempts } : undefined),
  };
}

/**
 * The error a peer sent. What is not a well-formed WireError, or has a code that this version does not know, becomes
 * SKEIN_CALL_FAILED with outcome `unknown`. For a known code this side's own catalogue gives all but the message,
 * outcome, retry and data. Never throws.
 * @since 0.1.0
 */
export function fromWireError(wire: unknown): SkeinError {
  try {
    return read(wire) ?? skeinError("SKEIN_CALL_FAILED");
  } catch {
    // A hostile object whose accessors or proxies throw.
    return skeinError("SKEIN_CALL_FAILED");
  }
}

function read(wire: unknown): SkeinError | undefined {
  if (typeof wire !== "object" || wire === null) return undefined;
  const {
    code,
    canonical,
    message,
    outcome,
    retry,
    data: sent,
    declared,
    status,
    attempts,
  } = wire as Record<keyof WireError, unknown>;
  if (typeof code !== "string" || typeof message !== "string" || typeof retry !== "boolean") return undefined;
  if (!isCanonicalCode(canonical) || !isOutcome(outcome) || !isErrorStatus(status)) return undefined;
  const data = copyValue(sent);
  const text = message.slice(0, messageMax);
  if (declared === true) {
    if (!isDeclarableName(code)) return undefined;
    return createDeclared(code, data, { message: text, status, canonical, outcome, retry });
  }
  if (declared !== undefined || !isSkeinCode(code)) return undefined;
  const detail = code === "SKEIN_CALL_FAILED" ? undefined : text;
  return skeinError(code, detail, { data, outcome, retry, attempts: isAttempts(attempts) ? attempts : undefined });
}

function isOutcome(value: unknown): value is Outcome {
  return outcomes.has(value);
}

function isAttempts(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= attemptsMax;
}

function isErrorStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
}

function copyData(data: unknown): unknown {
  try {
    return copyValue(data);
  } catch {
    return undefined;
  }
}

const failedRow = knownErrors.SKEIN_CALL_FAILED;
const callFailed: WireError = Object.freeze({
  code: "SKEIN_CALL_FAILED",
  canonical: failedRow.canonical,
  message: failedRow.what,
  outcome: failedRow.outcome,
  retry: failedRow.retry,
  status: canonicalStatus[failedRow.canonical],
});
