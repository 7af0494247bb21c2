/** Owns telling whoever asked about a request that is over. It must never let a listener's failure reach the request. */
import type { RequestLine, Settings } from "./options.ts";

export function report({ onRequest, log }: Settings, line: RequestLine): void {
  if (onRequest === undefined) return;
  try {
    onRequest(line);
  } catch (error) {
    log.error("onRequest threw", { error });
  }
}
