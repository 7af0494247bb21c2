/** Owns names and passwords for trying things out. It must never open in production. */
import { fromBase64 } from "../../core/base64.ts";
import { Secret } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { Authenticator, Credentials } from "../../system/index.ts";
import { credentialMax } from "./limits.ts";
import { refused, schemeRest } from "./refuse.ts";

/** @since 0.1.0 */
export interface BasicForDevOptions {
  readonly users: Readonly<
    Record<string, { readonly password: string; readonly roles?: readonly string[]; readonly tenant?: string }>
  >;
}

/** `Authorization: Basic`, for development and tests. Errors: `SKEIN_ACCESS_DEV_ONLY` in production. @since 0.1.0 */
export function basicForDev({ users }: BasicForDevOptions): Authenticator {
  return Object.freeze({
    name: "basicForDev",
    challenge: 'Basic realm="development", charset="UTF-8"',
    scheme: Object.freeze({ type: "http", scheme: "basic" }),
    // Rejects and never throws: opening is asked for in a chain.
    // oxlint-disable-next-line typescript/require-await -- as above
    open: async ({ mode }) => {
      if (mode === "production") throw skeinError("SKEIN_ACCESS_DEV_ONLY", "basicForDev opens in development only");
      return {
        authenticate(request: Credentials) {
          const given = schemeRest(request.header("authorization"), "Basic");
          return given === undefined ? undefined : verify(given);
        },
      };
    },
  } satisfies Authenticator);

  async function verify(given: string): Promise<unknown> {
    if (given.length > credentialMax) throw refused("the basic credentials are too long");
    const text = new TextDecoder().decode(fromBase64(given) ?? new Uint8Array());
    const colon = text.indexOf(":");
    const name = text.slice(0, Math.max(colon, 0));
    const user = Object.hasOwn(users, name) ? users[name] : undefined;
    const isRight = new Secret(user?.password ?? "").equals(text.slice(colon + 1));
    if (colon < 0 || user === undefined || user.password === "" || !isRight)
      throw refused("the name or password is wrong");
    return { subject: name, roles: user.roles ?? [], ...(user.tenant !== undefined && { tenant: user.tenant }) };
  }
}
