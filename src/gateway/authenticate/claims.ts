/** Owns what the claims of a signed token must say. It must never be asked before the signature was checked. */
import { lifeSecondsMax, skewSeconds, subjectMax } from "./limits.ts";
import { refused } from "./refuse.ts";
import type { Claims } from "./token-form.ts";

export interface Expected {
  readonly issuer: string;
  readonly audience: string;
}

/** Throws `SKEIN_ACCESS_UNAUTHENTICATED`. Times in seconds since the epoch, as JWT has them. */
export function checkClaims(claims: Claims, expected: Expected, nowSeconds: number): void {
  if (claims["iss"] !== expected.issuer) throw refused("the token is of another issuer");
  const { aud, sub } = claims;
  const audiences = Array.isArray(aud) ? (aud as unknown[]) : [aud];
  if (!audiences.every((one) => typeof one === "string") || !audiences.includes(expected.audience))
    throw refused("the token is for another audience");
  if (typeof sub !== "string" || sub === "" || sub.length > subjectMax) throw refused("the token has no usable sub");
  const exp = secondsOf(claims, "exp");
  const iat = secondsOf(claims, "iat");
  if (exp <= nowSeconds - skewSeconds) throw refused("the token has expired");
  if (iat > nowSeconds + skewSeconds) throw refused("the token is from the future");
  if (exp <= iat) throw refused("the token ends before it begins");
  if (exp - iat > lifeSecondsMax) throw refused("the token lives too long");
  if (Object.hasOwn(claims, "nbf") && secondsOf(claims, "nbf") > nowSeconds + skewSeconds)
    throw refused("the token is not valid yet");
}

function secondsOf(claims: Claims, name: string): number {
  const value = claims[name];
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw refused(`the token has no usable ${name}`);
  return value;
}

/** The principal of a token, where nobody says otherwise: `sub`, `roles` and `tenant`. */
export function defaultPrincipal(claims: Claims): unknown {
  const { sub, roles, tenant } = claims;
  return { subject: sub, roles: roles ?? [], ...(tenant !== undefined && { tenant }) };
}
