/** Owns what a gateway is told about HTTPS, as data and checked. It must never read a file: the certificates do. */
import { type Duration, toMs } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";

/** `Strict-Transport-Security`, which browsers remember: begin with a short `maxAge`. @since 0.1.0 */
export interface HstsOptions {
  /** How long a browser refuses plain HTTP to this host. */
  readonly maxAge: Duration;
  /** Every name below this one as well. */
  readonly includeSubDomains?: boolean;
  /** Agrees to be put into browsers themselves; needs `includeSubDomains` and a year at least. */
  readonly preload?: boolean;
}

/**
 * HTTPS from PEM files. They are read again when they change: new connections get the new certificate, and a pair that
 * does not fit together is refused, logged, and the old one stays.
 * @since 0.1.0
 */
export interface TlsOptions {
  /** File of the certificate, followed by its intermediates. */
  readonly cert: string;
  /** File of its private key, without a passphrase; readable by its owner alone, or a warning is logged. */
  readonly key: string;
  /** File of the authorities whose client certificates are believed. Required with `clientCertificates`, useless without. */
  readonly ca?: string;
  /**
   * `"require"` ends the handshake of a client that shows no certificate of `ca`; `"request"` lets it in, anonymous. What a
   * certificate stands for is said by the authenticator `clientCertificate`.
   */
  readonly clientCertificates?: "request" | "require";
  /** `TLSv1.2` unless given; 1.3 is what both sides take where they can. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** A port for plain HTTP that leads GET and HEAD to HTTPS (308) and refuses everything else; 0 takes a free one. */
  readonly redirectPort?: number;
  /** Sent with every answer over HTTPS; nothing is unless given. */
  readonly hsts?: HstsOptions;
}

const yearMs = 31_536_000_000;

/** Throws `SKEIN_CONFIG_INVALID` for what can never work, or would believe anybody. */
export function checkTls(options: TlsOptions): void {
  const { cert, key, ca, clientCertificates, minVersion, redirectPort, hsts } = options;
  if (typeof cert !== "string" || cert === "" || typeof key !== "string" || key === "") {
    throw invalid("cert and key are paths of PEM files");
  }
  if (clientCertificates !== undefined && clientCertificates !== "request" && clientCertificates !== "require") {
    throw invalid('clientCertificates is "request" or "require"');
  }
  // Without authorities of our own, any certificate that any public authority ever signed would be a client.
  if (clientCertificates !== undefined && ca === undefined) {
    throw invalid("clientCertificates needs ca: the authorities whose certificates are believed");
  }
  if (ca !== undefined && clientCertificates === undefined) throw invalid("ca is for clientCertificates");
  if (minVersion !== undefined && minVersion !== "TLSv1.2" && minVersion !== "TLSv1.3") {
    throw invalid('minVersion is "TLSv1.2" or "TLSv1.3"');
  }
  if (redirectPort !== undefined && !(Number.isInteger(redirectPort) && redirectPort >= 0 && redirectPort <= 65_535)) {
    throw invalid("redirectPort is a port from 0 to 65535");
  }
  if (hsts !== undefined) hstsHeader(hsts);
}

/** The header's value. Throws `SKEIN_CONFIG_INVALID`. */
export function hstsHeader({ maxAge, includeSubDomains, preload }: HstsOptions): string {
  const ms = toMs(maxAge);
  if (preload === true && !(includeSubDomains === true && ms >= yearMs)) {
    throw invalid("hsts.preload needs includeSubDomains and a maxAge of a year at least");
  }
  const parts = [`max-age=${Math.floor(ms / 1_000)}`];
  if (includeSubDomains === true) parts.push("includeSubDomains");
  if (preload === true) parts.push("preload");
  return parts.join("; ");
}

function invalid(detail: string) {
  return skeinError("SKEIN_CONFIG_INVALID", `tls: ${detail}`);
}
