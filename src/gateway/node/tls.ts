/**
 * Owns the HTTPS side of a gateway: a server whose certificate can change, its handshakes, and the listener that leads
 * plain HTTP to it. It must never let an error of a handshake reach the process.
 */
import { constants } from "node:crypto";
import type { Server, ServerOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import { loadHttps } from "../../core/node-modules.ts";
import { Certificates, type Pair } from "../../transport/tls/certificates.ts";
import type { Settings } from "../options.ts";
import { tlsHandshakeMs, tlsSessionSeconds } from "../limits.ts";
import { type Redirect, startRedirect } from "./redirect.ts";
import { checkTls, hstsHeader, type TlsOptions } from "./tls-options.ts";

/**
 * Forward secrecy and authenticated encryption only; the first three are TLS 1.3's. What lacks them has been out of support
 * for ten years.
 */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** Certificates that are open, and what is made of them. */
export class Tls {
  /** `Strict-Transport-Security`, where it is declared. */
  readonly hsts: string | undefined;
  readonly #options: TlsOptions;
  readonly #settings: Settings;
  readonly #certificates: Certificates;
  /** Every connection, also one whose handshake is not over. */
  readonly #raw = new Set<Duplex>();
  #redirect: Redirect | undefined;

  private constructor(options: TlsOptions, settings: Settings, certificates: Certificates) {
    this.#options = options;
    this.#settings = settings;
    this.#certificates = certificates;
    this.hsts = options.hsts && hstsHeader(options.hsts);
  }

  /** Throws `SKEIN_CONFIG_INVALID`, `SKEIN_TLS_CERTIFICATE`. */
  static async open(options: TlsOptions, settings: Settings): Promise<Tls> {
    checkTls(options);
    return new Tls(options, settings, await Certificates.open(options, settings.clock, settings.log));
  }

  /** Connections, those in their handshake among them. */
  get size(): number {
    return this.#raw.size;
  }

  get redirectPort(): number | undefined {
    return this.#redirect?.port;
  }

  createServer(options: ServerOptions): Server {
    const { clientCertificates } = this.#options;
    const server = loadHttps().createServer({
      ...options,
      ...this.#context(this.#certificates.pair),
      handshakeTimeout: tlsHandshakeMs,
      sessionTimeout: tlsSessionSeconds,
      requestCert: clientCertificates !== undefined,
      rejectUnauthorized: clientCertificates === "require",
      // A list, not a callback: what a client sends reaches no code of ours before the handshake is over.
      ALPNProtocols: ["http/1.1"],
    });
    server.on("connection", (socket) => {
      this.#raw.add(socket);
      socket.once("close", () => this.#raw.delete(socket));
    });
    // The https server hands these on as errors of requests, which would be answered in HTTP on a broken handshake.
    server.removeAllListeners("tlsClientError");
    server.on("tlsClientError", (error, socket) => this.#refuse(error, socket));
    this.#certificates.follow((pair) => server.setSecureContext(this.#context(pair)));
    return server;
  }

  /** Listens for plain HTTP, if that is wanted; `port` is the one to lead to. */
  async listen(hostname: string, port: number): Promise<void> {
    const { redirectPort } = this.#options;
    if (redirectPort === undefined) return;
    this.#redirect = await startRedirect({ hostname, port: redirectPort, to: port, settings: this.#settings });
  }

  /** Ends what watches and listens beside the server; its connections stay. */
  async close(): Promise<void> {
    this.#certificates.close();
    await this.#redirect?.close();
  }

  closeConnections(): void {
    for (const socket of this.#raw) socket.destroy();
  }

  #context({ cert, key, ca }: Pair): SecureContextOptions {
    return {
      cert,
      key,
      ...(ca !== undefined && { ca }),
      minVersion: this.#options.minVersion ?? "TLSv1.2",
      ciphers,
      honorCipherOrder: true,
      // A client that asks for a new handshake makes the server work, and nothing of ours needs one.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    };
  }

  /** Scanners make these by the thousand: they are no line of the usual log. */
  #refuse(error: Error, socket: TLSSocket): void {
    socket.destroy();
    const { code } = error as NodeJS.ErrnoException;
    this.#settings.log.debug("a TLS handshake failed", { code, reason: error.message });
  }
}
