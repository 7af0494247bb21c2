/**
 * Owns what each SQLSTATE and each lost connection means to a caller. It must never look at a message to tell errors
 * apart.
 */
import { isSkeinError, type Outcome, skeinError, type SkeinError } from "../../../errors/index.ts";

/** SQLSTATE of an error that the server sent; empty for a socket's, whose own code (`EPIPE`) may look like one. */
function stateOf(error: unknown): string {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" ? code : "";
}

/** After these the connection is gone, or about to be: admin shutdown, crash, cannot connect now, and class 08. */
export function isConnectionLost(error: unknown): boolean {
  const state = stateOf(error);
  return state === "" || state.startsWith("08") || ["57P01", "57P02", "57P03", "57P05", "25P03"].includes(state);
}

/** `lost` is the outcome when the connection is gone: `unknown` only once a commit was sent. */
export function fromPostgres(error: unknown, lost: Outcome = "failed"): SkeinError {
  if (isSkeinError(error)) return error;
  const code = stateOf(error);
  const cause = error;
  if (code === "25P03") return skeinError("SKEIN_DATA_TIMEOUT", "the transaction sat idle for too long", { cause });
  if (isConnectionLost(error)) return skeinError("SKEIN_DATA_UNAVAILABLE", undefined, { cause, outcome: lost });
  switch (code) {
    case "23505":
      return skeinError("SKEIN_DATA_UNIQUE", undefined, { cause });
    case "25006":
      return skeinError("SKEIN_DATA_READ_ONLY", undefined, { cause });
    case "57014":
      return skeinError("SKEIN_DATA_TIMEOUT", undefined, { cause });
    case "25P02":
      return skeinError("SKEIN_DATA_TRANSACTION", undefined, { cause });
    // A lock not granted, a deadlock, a serialization failure: nothing was kept and the same call may succeed.
    case "55P03":
    case "40P01":
    case "40001":
      return skeinError("SKEIN_DATA_BUSY", undefined, { cause, outcome: "failed" });
    default:
      break;
  }
  switch (code.slice(0, 2)) {
    case "23":
      return skeinError("SKEIN_DATA_CONSTRAINT", undefined, { cause });
    case "22":
      return skeinError("SKEIN_DATA_VALUE", "a value does not fit its column", { cause });
    case "53":
      // Disk full; too many connections is the same class and is a matter of waiting.
      return skeinError(code === "53100" ? "SKEIN_DATA_FULL" : "SKEIN_DATA_BUSY", undefined, { cause });
    case "28":
      return skeinError("SKEIN_DATA_UNAVAILABLE", "the database refused the user or the password", {
        cause,
        outcome: "not_started",
      });
    default:
      return skeinError("SKEIN_DATA_QUERY", undefined, { cause });
  }
}
