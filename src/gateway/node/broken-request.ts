/** Owns answering bytes that are no request: refused by the parser, too large, too slow. It must never answer twice. */
import type { Socket } from "node:net";
import { createTraceId } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { Settings } from "../options.ts";
import { rawProblem } from "../problem.ts";
import { report } from "../request-line.ts";

/** `isAnswering`: part of an answer is already on its way, so nothing may be added. */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  isAnswering: boolean,
  settings: Settings,
): void {
  if (isAnswering || !socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const problem = toProblemError(error.code);
  const traceId = createTraceId(settings.random);
  report(settings, {
    method: "-",
    path: "-",
    status: problem.status,
    durationMs: 0,
    endpoint: undefined,
    code: problem.code,
    traceId,
  });
  socket.end(rawProblem(problem, traceId), () => socket.destroy());
}

function toProblemError(code: string | undefined): SkeinError {
  if (code === "HPE_HEADER_OVERFLOW") return skeinError("SKEIN_HTTP_HEADERS");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return skeinError("SKEIN_HTTP_TIMEOUT");
  return skeinError("SKEIN_HTTP_BAD_REQUEST", "the request is not valid HTTP");
}
