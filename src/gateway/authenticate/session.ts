/**
 * Owns sessions by cookie: the id goes to a team's lookup, and a request that another site caused is refused. It must
 * never start or keep a session: the team's own service does.
 */
import type { Authenticator, Credentials } from "../../system/index.ts";
import { refusedCookie } from "./ended-cookie.ts";
import { credentialMax } from "./limits.ts";
import { looked } from "./lookup.ts";
import { checkSite } from "./site.ts";

/** @since 0.1.0 */
export interface SessionOptions {
  /** The cookie's name; begin it with `__Host-` in production. */
  readonly cookie: string;
  /** The principal of a session's id, or `undefined` when it has ended. Keep a hash of the id, not the id. */
  readonly lookup: (id: string) => unknown;
  /** Other origins whose pages may act with the cookie: `https://admin.example`. */
  readonly origins?: readonly string[];
}

/**
 * Sessions of browsers. What changes something must come from the site itself (`Sec-Fetch-Site`, else `Origin`), or it is
 * refused with `SKEIN_ACCESS_DENIED`. The 401 for an id that is not known deletes the cookie (`Path=/`, no `Domain`), so that
 * the next request is a guest's. Errors: `SKEIN_ACCESS_UNAVAILABLE` when the lookup fails.
 * @since 0.1.0
 */
export function session(options: SessionOptions): Authenticator {
  return Object.freeze({
    name: "session",
    scheme: Object.freeze({ type: "apiKey", in: "cookie", name: options.cookie }),
    open: () => {
      const verify = async (request: Credentials, id: string): Promise<unknown> => {
        // First: another site must not sign anybody out.
        checkSite(request, options.origins ?? [], "session's cookie");
        if (id.length > credentialMax) throw refusedCookie("the session's id is too long", options.cookie);
        const principal = await looked(() => options.lookup(id));
        if (principal === undefined || principal === null) {
          throw refusedCookie("the session is not known", options.cookie);
        }
        return principal;
      };
      return Promise.resolve({
        authenticate(request: Credentials) {
          const id = request.cookie(options.cookie);
          // Signing out is often written as an empty cookie.
          return id === undefined || id === "" ? undefined : verify(request, id);
        },
      });
    },
  } satisfies Authenticator);
}
