/** Owns the one parse in and the one parse out, both at the callee, and the copies that isolate it from its caller. */
import { type Schema, toIssues, validate, type Validated } from "../../contract/index.ts";
import { unsure } from "../../contract/shapes.ts";
import { copyValue, ValueSetError } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { CallScope, Take } from "../scope.ts";

/** A copy of what the caller gave, unless nobody else has it. Throws `SKEIN_VALUE_SET`. */
export function copyInput(scope: CallScope, input: unknown): unknown {
  if (scope.arrival.isFresh) return input;
  try {
    return copyValue(input);
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    throw skeinError("SKEIN_VALUE_SET", `the input of ${scope.endpoint.id}: ${error.path} is ${error.found}`, {
      cause: error,
    });
  }
}

/** The input as the handler sees it. Throws `SKEIN_INPUT_INVALID` with the issues. */
export function parseInput(scope: CallScope, input: unknown): unknown {
  const plain = scope.endpoint.plainInput.take(input);
  if (plain !== unsure) return plain;
  const result = validate(scope.endpoint.method.input, input);
  if (result instanceof Promise) return result.then((settled) => inputOf(scope, settled));
  return inputOf(scope, result);
}

/** The reply as the caller sees it, copied. Throws `SKEIN_OUTPUT_INVALID`, also for what is outside the value set. */
export function parseOutput(scope: CallScope, schema: Schema, reply: unknown): unknown {
  return outputBy(copyValue, scope, schema, reply);
}

/** The same, and what the caller keeps of it. */
export function takeOutput(scope: CallScope, schema: Schema, reply: unknown): unknown {
  return outputBy(scope.arrival.take ?? copyValue, scope, schema, reply);
}

function outputBy(take: Take, scope: CallScope, schema: Schema, reply: unknown): unknown {
  const plain = scope.endpoint.plainOutput.make(reply);
  if (plain !== unsure) return passOn(take, scope, plain);
  const result = validate(schema, reply);
  if (result instanceof Promise) return result.then((settled) => outputOf(take, scope, settled));
  return outputOf(take, scope, result);
}

function inputOf(scope: CallScope, result: Validated): unknown {
  if (result.issues === undefined) return result.value;
  const issues = toIssues(result.issues);
  const [first] = issues;
  const where = first === undefined ? "" : `: ${first.path} ${first.message}`;
  throw skeinError("SKEIN_INPUT_INVALID", `the input of ${scope.endpoint.id} is not what its contract says${where}`, {
    data: { issues },
  });
}

function outputOf(take: Take, scope: CallScope, result: Validated): unknown {
  if (result.issues !== undefined) {
    const issues = toIssues(result.issues);
    throw skeinError("SKEIN_OUTPUT_INVALID", `the reply of ${scope.endpoint.id} is not what its contract says`, {
      data: { issues },
    });
  }
  return passOn(take, scope, result.value);
}

function passOn(take: Take, scope: CallScope, reply: unknown): unknown {
  try {
    // After the parse: not every validator copies, and the handler may keep a reference to what it returned.
    return take(reply);
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    const { path, found } = error;
    // Not SKEIN_VALUE_SET, which blames the caller and says that nothing has started.
    throw skeinError(
      "SKEIN_OUTPUT_INVALID",
      `the reply of ${scope.endpoint.id} cannot be passed on: ${path} is ${found}`,
      {
        cause: error,
        data: { issues: [{ path, message: `${found} is outside the value set` }] },
      },
    );
  }
}
