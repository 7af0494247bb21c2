/**
 * Owns the endpoint through which gateways take from a service's shared rate limits: like a hook, it is an endpoint of the
 * service's host and nobody's to call. It must never count by itself: the service's database does.
 */
import { action, type Method, type Schema } from "../contract/index.ts";
import { sha256 } from "../core/sha256.ts";
import { skeinError } from "../errors/index.ts";
import type { AnyHandler, Declaration, Opened, RateLimitPolicy, TokenGrant } from "../system/index.ts";

/** A contract cannot declare such a name. */
export const rateHook = "$rate";

/** What a gateway asks for; the rate itself is read from the policy where the tokens are. */
export interface RateCall {
  readonly method: string;
  /** Whom the gateway counts, as text; it becomes part of a hash. */
  readonly client: string;
  readonly take: number;
}

/** Both ends are ours. */
const anything: Schema = { "~standard": { version: 1, vendor: "skein", validate: (value) => ({ value }) } };

export function rateMethod(): Method {
  return action({ input: anything, output: anything });
}

/** `undefined` where no method has a shared rate limit. */
export function rateHandler(declaration: Declaration, database: Opened | undefined): AnyHandler | undefined {
  const isShared = Object.values(declaration.policy).some(({ rateLimit }) => rateLimit?.shared === true);
  const take = database?.takeTokens?.bind(database);
  if (!isShared) return undefined;
  if (take === undefined) {
    throw skeinError(
      "SKEIN_SYSTEM_INVALID",
      `${declaration.name} has a shared rate limit and no database to keep it in`,
    );
  }
  return (call: RateCall): Promise<TokenGrant> => {
    const rate = declaration.policy[call.method]?.rateLimit;
    if (rate?.shared !== true) throw skeinError("SKEIN_CALL_NO_ROUTE", `${call.method} has no shared rate limit`);
    const bucket = sha256(`${declaration.name}.${call.method}\n${call.client}`);
    return take({ bucket, take: Math.max(1, Math.min(call.take, Math.floor(rate.burst))), ...microseconds(rate) });
  };
}

/** Rounded so that rounding never lets more through than the policy says. */
function microseconds({ perSecond, burst }: RateLimitPolicy) {
  const tokenUs = Math.ceil(1_000_000 / perSecond);
  return { tokenUs, bucketUs: Math.floor(burst) * tokenUs };
}
