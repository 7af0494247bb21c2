/**
 * Owns the answer to a request that failed: problem+json, its headers, and whether anything more is taken from the
 * connection. It must never say more than the error's own code does.
 */
import type { SkeinError } from "../errors/index.ts";
import { endedCookie } from "./authenticate/ended-cookie.ts";
import type { Exchange } from "./exchange.ts";
import { bodyBytesMax } from "./limits.ts";
import type { Settings } from "./options.ts";
import { problemHeaders, toError, toProblem } from "./problem.ts";

/** Never throws. `challenge`: what a caller without credentials is told to bring; `undefined` where nothing helps. */
export function answerError(
  exchange: Exchange,
  thrown: unknown,
  { log, isDevelopment, clock }: Settings,
  challenge: string | undefined,
): void {
  const error = toError(thrown);
  exchange.code = error.code;
  // The call path has logged the failures of handlers; what is thrown here without a code is the gateway's own.
  if (error.code === "SKEIN_CALL_FAILED" && exchange.endpoint === undefined) {
    log.error("a request failed in the gateway", { traceId: exchange.traceId, error: error.cause });
  }
  const problem = toProblem(error, exchange.traceId, isDevelopment);
  const body = JSON.stringify(problem);
  const cookie = endedCookie(error, !isDevelopment || exchange.isEncrypted);
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...problemHeaders(problem),
    ...(problem.status === 401 && challenge !== undefined && { "www-authenticate": challenge }),
    ...(cookie !== undefined && { "set-cookie": cookie }),
  };
  if (mustClose(exchange, error)) exchange.refuse(problem.status, headers, body, clock);
  else exchange.send(problem.status, headers, body);
}

/** Where the rest of the request may be large, endless or misread, nothing more is taken from its connection. */
function mustClose(exchange: Exchange, error: SkeinError): boolean {
  if (error.code === "SKEIN_HTTP_BAD_REQUEST" || error.code === "SKEIN_HTTP_BODY_TOO_LARGE") return true;
  if (exchange.isComplete) return false;
  return (
    exchange.header("transfer-encoding") !== undefined || Number(exchange.header("content-length") ?? 0) > bodyBytesMax
  );
}
