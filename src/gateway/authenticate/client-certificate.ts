/**
 * Owns client certificates as credentials (mutual TLS): what one stands for is said by a team's lookup. It must never take a
 * certificate that the gateway's authorities did not sign.
 */
import type { Authenticator, ClientCertificate, Credentials } from "../../system/index.ts";
import { looked } from "./lookup.ts";
import { refused } from "./refuse.ts";
import { checkSite } from "./site.ts";

/** @since 0.1.0 */
export interface ClientCertificateOptions {
  /**
   * The principal of a certificate, or `undefined` for one that stands for nobody. Compare whole values: a SPIFFE id in
   * `names["URI"]`, the `fingerprint`. A common name alone says only what the authority cared to check.
   */
  readonly lookup: (certificate: ClientCertificate) => unknown;
  /** Other origins whose pages may act with a browser's certificate: `https://admin.example`. */
  readonly origins?: readonly string[];
}

/**
 * Programs that show a certificate; needs a gateway with `tls: { ca, clientCertificates }`. A browser sends its certificate
 * whoever's page asks, as it does a cookie, so what changes something must come from the site itself
 * (`SKEIN_ACCESS_DENIED`). Errors: `SKEIN_ACCESS_UNAVAILABLE` when the lookup fails.
 * @since 0.1.0
 */
export function clientCertificate(options: ClientCertificateOptions): Authenticator {
  return Object.freeze({
    name: "clientCertificate",
    scheme: Object.freeze({ type: "mutualTLS" }),
    open: () => {
      const verify = async (request: Credentials, shown: ClientCertificate): Promise<unknown> => {
        if (!shown.isTrusted) throw refused("the client certificate is not of the gateway's authorities");
        checkSite(request, options.origins ?? [], "client certificate");
        const principal = await looked(() => options.lookup(shown));
        if (principal === undefined || principal === null) throw refused("the client certificate is not known");
        return principal;
      };
      return Promise.resolve({
        authenticate(request: Credentials) {
          const shown = request.clientCertificate?.();
          return shown === undefined ? undefined : verify(request, shown);
        },
      });
    },
  } satisfies Authenticator);
}
