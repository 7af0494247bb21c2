/**
 * Owns which certificates are hosts of a system: those whose one URI name is a SPIFFE id under `spiffe://<system>/host/`
 * (SPIFFE X.509-SVID, section 2). It must never believe a certificate for being of the right authority alone.
 */
import { X509Certificate } from "node:crypto";
import type { Clock } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { Log } from "../../system/index.ts";
import { type CertificateFiles, Certificates } from "./certificates.ts";
import { namesOf } from "./names.ts";

const segments = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;
const shownMax = 200;

/** Why the owner of these names (as Node writes `subjectAltName`) is no host of the system; `undefined` when it is one. */
export function strangerProblem(names: string | undefined, system: string): string | undefined {
  const ids = namesOf(names)["URI"] ?? [];
  const [id] = ids;
  if (id === undefined || ids.length > 1) return `it has ${ids.length} URI names instead of one`;
  const prefix = `spiffe://${system}/host/`;
  const rest = id.slice(prefix.length);
  // A path with dots could be read as another one.
  const isHost = id.startsWith(prefix) && segments.test(rest) && !/(^|\/)\.\.?(\/|$)/.test(rest);
  return isHost ? undefined : `${id.slice(0, shownMax)} is not ${prefix}...`;
}

/** What a connection ends with whose other end is no host of the system. */
export function strangerError(names: string | undefined, system: string): SkeinError | undefined {
  const problem = strangerProblem(names, system);
  return problem === undefined
    ? undefined
    : skeinError(
        "SKEIN_TRANSPORT_UNREACHABLE",
        `the certificate over there is not that of a host of ${system}: ${problem}`,
      );
}

/**
 * The certificate of this host, read again when its files change; a changed one that no other host would believe is not
 * taken. Rejects with `SKEIN_TLS_CERTIFICATE`.
 */
export function openHostCertificates(
  files: Required<CertificateFiles>,
  system: string,
  clock: Clock,
  log: Log,
): Promise<Certificates> {
  return Certificates.open(files, clock, log, ({ cert }) => {
    const problem = strangerProblem(new X509Certificate(cert).subjectAltName, system);
    if (problem !== undefined)
      throw skeinError(
        "SKEIN_TLS_CERTIFICATE",
        `${files.cert} is not the certificate of a host of ${system}: ${problem}`,
      );
  });
}
