/**
 * Owns checking tokens: our own strict checks around the signature, which `jose` checks. It must never accept what it
 * does not understand; whatever goes wrong with a token is a refusal, never a failure of the server.
 */
import type { CryptoKey } from "jose";
import { compactVerify, importJWK } from "jose";
import { isSkeinError } from "../../errors/index.ts";
import type { AuthenticatorContext, Credentials, OpenAuthenticator } from "../../system/index.ts";
import { checkClaims, defaultPrincipal } from "./claims.ts";
import type { JwtOptions } from "./jwt.ts";
import { type Import, KeyCache } from "./key-cache.ts";
import { toKeySource } from "./key-source.ts";
import { badSetup, refused, schemeRest } from "./refuse.ts";
import { type Claims, readToken } from "./token-form.ts";

/** Opens the authenticator. Throws `SKEIN_ACCESS_SETUP`. */
export async function openJwt(options: JwtOptions, context: AuthenticatorContext): Promise<OpenAuthenticator> {
  if (options.issuer === "" || options.audience === "") throw badSetup("jwt needs an issuer and an audience");
  const types = (options.types ?? ["JWT", "at+jwt"]).map((type) => type.toLowerCase());
  const source = toKeySource(options.keys, context);
  const importKey: Import = async (jwk, algorithm) => (await importJWK(jwk, algorithm)) as CryptoKey;
  const keys = new KeyCache(source, importKey, context.clock, context.log);
  await keys.open();

  async function verify(token: string): Promise<Claims> {
    try {
      const { header, claims } = readToken(token, types);
      // Before the signature, so that what is stale anyway costs nothing; it is not believed before it.
      checkClaims(claims, options, context.clock.now() / 1000);
      const key = await keys.find(header);
      await compactVerify(token, key, { algorithms: [header.alg] });
      return claims;
    } catch (error) {
      if (isSkeinError(error) && error.code === "SKEIN_ACCESS_UNAUTHENTICATED") throw error;
      throw refused("the token's signature does not hold", error);
    }
  }

  return {
    authenticate(request: Credentials) {
      const token = schemeRest(request.header("authorization"), "Bearer");
      if (token === undefined) return undefined;
      return verify(token).then((claims) => (options.toPrincipal ?? defaultPrincipal)(claims));
    },
  };
}
