/**
 * Owns the declaration of JSON Web Tokens as credentials. It must never load what checks them: whoever opens it does.
 */
import type { Authenticator, AuthenticatorContext } from "../../system/index.ts";
import type { JwtKeys } from "./key-source.ts";

/** @since 0.1.0 */
export interface JwtOptions {
  /** The exact `iss` of a token. */
  readonly issuer: string;
  /** Must be among a token's `aud`. */
  readonly audience: string;
  readonly keys: JwtKeys;
  /** Accepted `typ`; `JWT` and `at+jwt` unless given. */
  readonly types?: readonly string[];
  /** The principal, before its schema parses it; `{ subject: sub, roles, tenant }` unless given. */
  readonly toPrincipal?: (claims: Readonly<Record<string, unknown>>) => unknown;
}

/**
 * Tokens in `Authorization: Bearer`, signed by an issuer with EdDSA, ES256 or RS256. A token needs `iss`, `aud`, `sub`,
 * `iat`, `exp` and `typ`, lives at most an hour, and has at most 8 KiB. Errors: `SKEIN_ACCESS_SETUP` when it is opened
 * without usable keys.
 * @since 0.1.0
 */
export function jwt(options: JwtOptions): Authenticator {
  return Object.freeze({
    name: "jwt",
    challenge: "Bearer",
    scheme: Object.freeze({ type: "http", scheme: "bearer", bearerFormat: "JWT" }),
    open: async (context: AuthenticatorContext) => (await import("./jwt-engine.ts")).openJwt(options, context),
  });
}
