/**
 * Owns what a caller gets to see of a failure: declared errors checked against the contract, Skein's own as they are,
 * everything else as `SKEIN_CALL_FAILED`. It must never put a foreign message into what travels.
 */
import { type ErrorSpec, toIssues, validate } from "../contract/index.ts";
import { copyValue } from "../core/index.ts";
import {
  declaredError,
  isDeclaredError,
  isSkeinError,
  type DeclaredError,
  type SkeinError,
  skeinError,
} from "../errors/index.ts";
import type { Endpoint } from "./endpoint.ts";
import type { CallScope } from "./scope.ts";

/** Which endpoint answered with an error, so that a handler's own errors are told from those of what it called. */
const answeredBy = new WeakMap<SkeinError, string>();

/** Says that `error` is what the endpoint `target` answered, or what stood in the way of asking it. */
export function answeredFrom(target: string, error: SkeinError): SkeinError {
  answeredBy.set(error, target);
  return error;
}

/** The error that this call answers with. Never throws. */
export async function toFailure(scope: CallScope, thrown: unknown): Promise<SkeinError> {
  // A shared flight has made this error ready for everyone who waited for it.
  if (isSkeinError(thrown) && answeredBy.get(thrown) === scope.endpoint.id) return thrown;
  let error: SkeinError;
  try {
    error = isDeclaredError(thrown) ? await checkDeclared(scope, thrown) : toSkein(scope, thrown);
  } catch (cause) {
    error = skeinError("SKEIN_CALL_FAILED", undefined, { cause });
  }
  answeredFrom(scope.endpoint.id, error);
  // A stack is for whoever wrote the handler; it is logged here because it never travels.
  if (error.who === "bug") {
    scope.log.error(`${scope.endpoint.id} failed: ${error.message}`, { code: error.code, cause: error.cause });
  }
  return error;
}

async function checkDeclared(scope: CallScope, error: DeclaredError): Promise<SkeinError> {
  const { endpoint } = scope;
  const spec = errorSpecOf(endpoint, error.code);
  if (spec === undefined) {
    return skeinError(
      "SKEIN_ERROR_UNDECLARED",
      `${endpoint.id} let the error ${error.code} through, which its contract does not declare`,
      {
        cause: error,
      },
    );
  }
  // A dependency may declare an error of the same name: what leaves is what this contract says of it.
  if (spec.data === undefined) return declaredAs(spec, error.code, undefined);
  const result = await validate(spec.data, error.data);
  if (result.issues !== undefined) {
    return skeinError("SKEIN_OUTPUT_INVALID", `${endpoint.id} raised ${error.code} with data its contract refuses`, {
      data: { issues: toIssues(result.issues) },
    });
  }
  return declaredAs(spec, error.code, copyValue(result.value));
}

/** A declared error of this endpoint, if it declares one of that name. */
export function errorSpecOf(endpoint: Endpoint, code: string): ErrorSpec | undefined {
  return Object.hasOwn(endpoint.method.errors, code) ? endpoint.method.errors[code] : undefined;
}

export function declaredAs(spec: ErrorSpec, code: string, data: unknown): DeclaredError {
  const { status, canonical, message, retry } = spec;
  return declaredError(code, data, {
    ...(status !== undefined && { status }),
    ...(canonical !== undefined && { canonical }),
    ...(message !== undefined && { message }),
    ...(retry !== undefined && { retry }),
  });
}

function toSkein(scope: CallScope, thrown: unknown): SkeinError {
  if (!isSkeinError(thrown)) return skeinError("SKEIN_CALL_FAILED", undefined, { cause: thrown });
  const origin = answeredBy.get(thrown);
  const { kind } = scope.endpoint;
  if (origin === undefined || origin === scope.endpoint.id) {
    // A database that was busy for this transaction says nothing about what the handler had done before.
    // What calls a service that runs elsewhere does nothing else, and knows.
    const { external, foreign } = scope.endpoint.declaration;
    const isOurs = external === undefined && foreign === undefined;
    const mayHaveActed = isOurs && scope.hasStarted && (kind === "action" || kind === "workflow");
    return mayHaveActed && thrown.outcome === "not_started" ? skeinErrorLike(thrown) : thrown;
  }
  // What a dependency calls the caller's mistake is this handler's mistake, not that of whoever called this handler.
  if (thrown.who === "caller") return skeinError("SKEIN_CALL_FAILED", undefined, { cause: thrown });
  if (kind === "query") return thrown;
  // The dependency may not have started, but this method had: and the caller nearest the failure retries, nobody above.
  return skeinErrorLike(thrown);
}

function skeinErrorLike(error: SkeinError): SkeinError {
  // Only declared errors have codes outside the catalogue, and those were handled before.
  return skeinError(error.code as Parameters<typeof skeinError>[0], error.message, {
    cause: error,
    outcome: error.outcome === "failed" ? "failed" : "unknown",
    retry: false,
    attempts: error.attempts,
    ...(error.data !== undefined && { data: error.data }),
  });
}
