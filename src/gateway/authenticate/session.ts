/**
 * Owns sessions by cookie: the id goes to a team's lookup, and a request that another site caused is refused. It must
 * never set a cookie or keep a session: the team's own service does.
 */
import type { Authenticator, Credentials } from "../../system/index.ts";
import { skeinError } from "../../errors/index.ts";
import { credentialMax } from "./limits.ts";
import { looked } from "./lookup.ts";
import { refused } from "./refuse.ts";

/** @since 0.1.0 */
export interface SessionOptions {
  /** The cookie's name; begin it with `__Host-` in production. */
  readonly cookie: string;
  /** The principal of a session's id, or `undefined` when it has ended. Keep a hash of the id, not the id. */
  readonly lookup: (id: string) => unknown;
  /** Other origins whose pages may act with the cookie: `https://admin.example`. */
  readonly origins?: readonly string[];
}

const reading = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Sessions of browsers. What changes something must come from the site itself (`Sec-Fetch-Site`, else `Origin`), or it is
 * refused with `SKEIN_ACCESS_DENIED`. Errors: `SKEIN_ACCESS_UNAVAILABLE` when the lookup fails.
 * @since 0.1.0
 */
export function session(options: SessionOptions): Authenticator {
  return Object.freeze({
    name: "session",
    scheme: Object.freeze({ type: "apiKey", in: "cookie", name: options.cookie }),
    open: () => {
      const verify = async (request: Credentials, id: string): Promise<unknown> => {
        if (id.length > credentialMax) throw refused("the session's id is too long");
        checkSite(request, options.origins ?? []);
        const principal = await looked(() => options.lookup(id));
        if (principal === undefined || principal === null) throw refused("the session is not known");
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

/** A browser says where a request comes from; a program sends neither header, and no other site's cookie. */
function checkSite(request: Credentials, origins: readonly string[]): void {
  if (reading.has(request.method)) return;
  const origin = request.header("origin");
  if (origin !== undefined && origins.includes(origin)) return;
  const site = request.header("sec-fetch-site");
  if (site === "same-origin" || site === "none") return;
  const isOwn = origin === undefined || hostOf(origin) === request.header("host")?.toLowerCase();
  if (site !== undefined || !isOwn)
    throw skeinError("SKEIN_ACCESS_DENIED", "another site's page sent the session's cookie");
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
