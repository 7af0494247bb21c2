/** Owns which failures of an external service another attempt may not meet. It must never say so of a declared error. */
import { isSkeinError } from "../errors/index.ts";

/** Failures that another attempt may not meet. */
const passing: ReadonlySet<string> = new Set([
  "SKEIN_EXTERNAL_UNREACHABLE",
  "SKEIN_EXTERNAL_LOST",
  "SKEIN_EXTERNAL_BUSY",
]);
const passingStatus: ReadonlySet<unknown> = new Set([502, 504]);

export function mayPass(error: unknown): boolean {
  if (!isSkeinError(error)) return false;
  if (passing.has(error.code)) return true;
  const status = (error.data as { readonly status?: unknown } | undefined)?.status;
  return error.code === "SKEIN_EXTERNAL_FAILED" && passingStatus.has(status);
}
