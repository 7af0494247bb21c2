/** Owns reading one cookie. It must never choose between two of one name: whoever may write one could shadow the other. */
import { refused } from "./refuse.ts";

/** Throws `SKEIN_ACCESS_UNAUTHENTICATED` when the cookie is there twice. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  let found: string | undefined;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    if (found !== undefined) throw refused("the cookie is there twice");
    const value = pair.slice(equals + 1).trim();
    found = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return found;
}
