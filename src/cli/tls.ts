/** Owns what the environment says about HTTPS. It must never read a file: the gateway does, and says what is wrong with it. */
import path from "node:path";
import { skeinError } from "../errors/index.ts";
import type { TlsOptions } from "../gateway/index.ts";

/** `undefined` for plain HTTP. Throws `SKEIN_CONFIG_INVALID` for half of a setting. */
export function tlsFromEnv(env: Readonly<Record<string, string | undefined>>): TlsOptions | undefined {
  const cert = set(env["SKEIN_TLS_CERT"]);
  const key = set(env["SKEIN_TLS_KEY"]);
  const ca = set(env["SKEIN_TLS_CA"]);
  const clients = set(env["SKEIN_TLS_CLIENTS"]);
  const redirect = set(env["SKEIN_TLS_REDIRECT_PORT"]);
  if (cert === undefined || key === undefined) {
    // A gateway that speaks plain HTTP because of a typing error would be found out too late.
    const other = cert ?? key ?? ca ?? clients ?? redirect;
    if (other !== undefined) throw invalid("HTTPS needs both SKEIN_TLS_CERT and SKEIN_TLS_KEY");
    return undefined;
  }
  if (clients !== undefined && clients !== "request" && clients !== "require") {
    throw invalid('SKEIN_TLS_CLIENTS is "request" or "require"');
  }
  if (clients !== undefined && ca === undefined) throw invalid("SKEIN_TLS_CLIENTS needs SKEIN_TLS_CA");
  return {
    cert: path.resolve(cert),
    key: path.resolve(key),
    ...(ca !== undefined && { ca: path.resolve(ca), clientCertificates: clients ?? "request" }),
    ...(redirect !== undefined && { redirectPort: toPort(redirect) }),
  };
}

function set(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function toPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw invalid("SKEIN_TLS_REDIRECT_PORT is a port from 0 to 65535");
}

function invalid(detail: string) {
  return skeinError("SKEIN_CONFIG_INVALID", detail);
}
