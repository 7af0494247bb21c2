/**
 * Owns the cookie that a refusal takes from its browser: one that stands for nobody any more, and that no script can
 * delete. It must never hold the cookie's value, and never name a cookie of another authenticator than the session's.
 */
import type { SkeinError } from "../../errors/index.ts";
import { refused } from "./refuse.ts";

const names = new WeakMap<SkeinError, string>();

/** As `refused`, for the cookie of this name. */
export function refusedCookie(reason: string, name: string): SkeinError {
  const error = refused(reason);
  names.set(error, name);
  return error;
}

/** `error` takes along what `from` takes. */
export function passCookie(from: SkeinError, error: SkeinError): SkeinError {
  const name = names.get(from);
  if (name !== undefined) names.set(error, name);
  return error;
}

/**
 * The `Set-Cookie` of the answer to this error, if it has one. `Secure` where a cookie of the name has to be, or `isSecure`:
 * over plain HTTP a browser takes no answer that says so.
 */
export function endedCookie(error: SkeinError, isSecure: boolean): string | undefined {
  const name = names.get(error);
  if (name === undefined) return undefined;
  const secure = isSecure || /^__(?:host|secure)-/i.test(name) ? " Secure;" : "";
  return `${name}=; Path=/; Max-Age=0; HttpOnly;${secure} SameSite=Lax`;
}
