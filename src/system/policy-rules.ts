/** Owns what a method's policy may say of hedging and rates. It must never look at anything but declarations. */
import { isBytes, type Method } from "../contract/index.ts";
import { type Duration, toMs } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import type { RateLimitPolicy } from "./service.ts";

export function assertHedge(id: string, hedge: "p95" | Duration, method: Method): void {
  if (method.kind !== "query") throw serviceInvalid(`${id} is a ${method.kind}: only a query can be hedged`);
  if (isBytes(method.output) || "stream" in method.output)
    throw serviceInvalid(`${id} answers in more than one piece: only a single reply can be hedged`);
  if (hedge !== "p95" && !(toMs(hedge) > 0)) throw serviceInvalid(`${id}: hedge is "p95" or a duration above 0`);
}

export function assertRateLimit(id: string, { perSecond, burst, by, shared }: RateLimitPolicy, method: Method): void {
  if (method.http === undefined) throw serviceInvalid(`${id} has a rate limit and no http: nothing would be limited`);
  if (!(perSecond > 0 && perSecond <= 1_000_000)) throw serviceInvalid(`${id}: rateLimit.perSecond is above 0`);
  if (!(burst >= 1 && burst <= 1_000_000)) throw serviceInvalid(`${id}: rateLimit.burst is at least 1`);
  if (by !== "ip" && by !== "principal") throw serviceInvalid(`${id}: rateLimit.by is "ip" or "principal"`);
  // Rows count in whole microseconds.
  if (shared === true && !(perSecond >= 1 / 86_400 && perSecond <= 10_000 && burst <= 10_000)) {
    throw serviceInvalid(`${id}: a shared rateLimit has perSecond from 1/86400 to 10000, and a burst up to 10000`);
  }
}

export function serviceInvalid(detail: string) {
  return skeinError("SKEIN_SERVICE_INVALID", detail);
}
