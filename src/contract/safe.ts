/** Owns `safe`: a call's outcome as a value instead of an exception. It must never swallow what is not a Skein error. */
import { type DeclaredError, isSkeinError } from "../errors/index.ts";
import type { CallPromise, DeclaredErrorOf, Safe } from "./client.ts";
import type { ErrorSpecs } from "./method.ts";

/**
 * Awaits a call and answers with its value or its error, typed by the errors the method declares. A rejection that is
 * not a Skein error is a bug and is thrown on.
 * @since 0.1.0
 */
export async function safe<T, E extends ErrorSpecs>(call: CallPromise<T, E>): Promise<Safe<T, E>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    // A declared error is a SkeinError whose brand says so; the contract's type says which ones there are.
    if (isDeclared(error)) return { ok: false, declared: true, error: error as DeclaredErrorOf<E> };
    return { ok: false, declared: false, error };
  }
}

/** Whether an error is one that a contract declares (of any method, or of the given code). @since 0.1.0 */
export function isDeclared<Code extends string>(error: unknown, code?: Code): error is DeclaredError<Code, unknown> {
  return isSkeinError(error) && !error.code.startsWith("SKEIN_") && (code === undefined || error.code === code);
}
