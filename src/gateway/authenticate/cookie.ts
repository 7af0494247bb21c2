/** Owns reading the cookie of a session. It must never choose between two of one name: whoever may write one could shadow the other. */
import { cookieValues } from "../cookie.ts";
import { refused } from "./refuse.ts";

/** Throws `SKEIN_ACCESS_UNAUTHENTICATED` when the cookie is there twice. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const values = cookieValues(header, name);
  if (values.length > 1) throw refused("the cookie is there twice");
  return values[0];
}
