/**
 * Owns what a client's certificate says, read once per connection. It must never guess at a name: what cannot be read in one
 * way only is left out.
 */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../../system/index.ts";
import { namesOf } from "../../transport/tls/names.ts";

const known = new WeakMap<Socket, ClientCertificate | "none">();

/** `undefined` without TLS, and where the client showed none. */
export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  let found = known.get(socket);
  if (found === undefined) {
    const shown = isTls(socket) ? socket.getPeerX509Certificate() : undefined;
    found = shown === undefined ? "none" : toCertificate(shown, (socket as TLSSocket).authorized);
    known.set(socket, found);
  }
  return found === "none" ? undefined : found;
}

/** By the mark that Node documents for this: the class would load TLS where there is none. */
function isTls(socket: Socket): socket is TLSSocket {
  return "encrypted" in socket;
}

export function toCertificate(shown: X509Certificate, isTrusted: boolean): ClientCertificate {
  return Object.freeze({
    isTrusted,
    subject: oneLine(shown.subject),
    commonName: commonNameOf(shown.subject),
    names: namesOf(shown.subjectAltName),
    issuer: oneLine(shown.issuer),
    serialNumber: shown.serialNumber,
    fingerprint: shown.fingerprint256,
  });
}

/** Node writes one attribute per line and escapes line breaks in values; a certificate may have no subject at all. */
function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").join(", ");
}

/** Two common names, or one with escapes, could be read in two ways. */
function commonNameOf(subject: string | undefined): string | undefined {
  // Attributes that share a line ("multi-valued") are joined by an unescaped " + ".
  const attributes = (subject ?? "").split("\n").flatMap((line) => line.split(" + "));
  const names = attributes.filter((attribute) => attribute.startsWith("CN="));
  const [only] = names;
  if (names.length !== 1 || only === undefined || only.includes("\\")) return undefined;
  return only.slice("CN=".length);
}
