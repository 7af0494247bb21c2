/** Owns the one way the client corrects an error: a copy. It must never change what somebody may hold already. */
import { DeclaredError, isDeclaredError, SkeinError, type SkeinErrorFields } from "../../errors/index.ts";

/** The same error but for some fields. */
export function changed(error: SkeinError, changes: Partial<SkeinErrorFields>): SkeinError {
  const { code, canonical, message, outcome, retry, who, fix, status, data, traceId, cause } = error;
  const fields = { code, canonical, message, outcome, retry, who, fix, status, data, traceId, cause, ...changes };
  return isDeclaredError(error) ? new DeclaredError(fields) : new SkeinError(fields);
}
