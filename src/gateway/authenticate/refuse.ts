/** Owns refusing a credential: one error, whose reason is for the log. It must never carry the credential itself. */
import { type SkeinError, skeinError } from "../../errors/index.ts";

export function refused(reason: string, cause?: unknown): SkeinError {
  return skeinError("SKEIN_ACCESS_UNAUTHENTICATED", reason, cause === undefined ? {} : { cause });
}

export function badSetup(reason: string, cause?: unknown): SkeinError {
  return skeinError("SKEIN_ACCESS_SETUP", reason, cause === undefined ? {} : { cause });
}

/** The rest of an `Authorization` header of this scheme (in any case, RFC 9110), or `undefined` for another scheme. */
export function schemeRest(header: string | undefined, scheme: string): string | undefined {
  if (header === undefined || header.length < scheme.length) return undefined;
  if (header.slice(0, scheme.length).toLowerCase() !== scheme.toLowerCase()) return undefined;
  const rest = header.slice(scheme.length);
  return rest === "" || rest.startsWith(" ") ? rest.trim() : undefined;
}
