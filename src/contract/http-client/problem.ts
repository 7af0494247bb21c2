/**
 * Owns reading an error's answer: problem details become the `SkeinError` they were made from. It must never throw at what
 * a server sent.
 */
import {
  canonicalCodes,
  canonicalStatus,
  DeclaredError,
  isDeclarableName,
  isSkeinCode,
  type Outcome,
  SkeinError,
  skeinError,
} from "../../errors/index.ts";
import { knownErrors } from "../../errors/catalogue.ts";
import { fromJson } from "../http-value.ts";
import type { JsonSchema } from "../internal/marks.ts";
import { changed } from "./changed.ts";
import type { HttpMethod } from "./table.ts";

const messageMax = 2_000;
/** What a proxy in front of the gateway says of a server that is not there. */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The error of a problem; undefined when it is none. */
export function fromProblem(problem: unknown, method: HttpMethod): SkeinError | undefined {
  if (typeof problem !== "object" || problem === null) return undefined;
  const { code, outcome, retry, status, title, detail, data, traceId } = problem as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || typeof retry !== "boolean" || !isOutcome(outcome) || !isErrorStatus(status))
    return undefined;
  const text = typeof detail === "string" ? detail : title;
  const message = typeof text === "string" ? text.slice(0, messageMax) : code;
  const given = { code, message, outcome, retry, status, traceId: typeof traceId === "string" ? traceId : undefined };
  if (isSkeinCode(code)) {
    const { canonical, who, fix } = knownErrors[code];
    return new SkeinError({ ...given, canonical, who, fix, data });
  }
  if (isDeclarableName(code)) {
    const known = method.errors?.[code];
    const revived = known?.data === undefined ? data : revive(known.data, data);
    const canonical = known?.canonical ?? "failed_precondition";
    const fix = "Handle this error where the method is called; its contract declares it.";
    return new DeclaredError({ ...given, canonical, who: "caller", fix, data: revived });
  }
  // A code that is newer than this client is still worth more than a general one.
  const canonical = canonicalCodes.find((each) => canonicalStatus[each] === status) ?? "unknown";
  const fix = "Look the code up in the reference of the server's version, or update the client.";
  return code.length > 80 ? undefined : new SkeinError({ ...given, canonical, who: "operator", fix, data });
}

/** An answer that the gateway never gives. */
export function strangeAnswer(detail: string, response: Response | undefined, isRepeatable: boolean): SkeinError {
  const error = skeinError("SKEIN_CLIENT_ANSWER", detail, {
    retry: response !== undefined && passing.has(response.status) && isRepeatable,
  });
  if (response === undefined || response.status < 400) return error;
  const traceId = response.headers.get("x-request-id") ?? undefined;
  return changed(error, { status: response.status, traceId });
}

/** A value with its instants, bigints and bytes. */
export function revive(shape: JsonSchema | undefined, value: unknown): unknown {
  return shape === undefined ? value : fromJson({ json: shape, outside: [], opaque: false, note: undefined }, value);
}

function isOutcome(value: unknown): value is Outcome {
  return value === "not_started" || value === "unknown" || value === "failed";
}

function isErrorStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
}
