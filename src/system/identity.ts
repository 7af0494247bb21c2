/**
 * Owns who may be behind a request, as data: the principal's schema and the ways to prove who one is. It must never open
 * or ask one: the gateway does.
 */
import type { Schema } from "../contract/index.ts";
import type { Clock } from "../core/index.ts";
import type { Log } from "./log.ts";
import type { Mode } from "./owned.ts";

/** What an authenticator is opened with, once, before the gateway listens. @since 0.1.0 */
export interface AuthenticatorContext {
  readonly system: string;
  readonly mode: Mode;
  /** Absolute path of the state directory (`.skein`). */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A certificate that a client showed in its TLS handshake. Node has checked its chain against the gateway's `ca`, and its
 * dates, unless `isTrusted` is false.
 * @since 0.1.0
 */
export interface ClientCertificate {
  /** False where the gateway only asks for certificates, and the one that came is not of its authorities. */
  readonly isTrusted: boolean;
  /** `CN=billing, O=Shop`, as RFC 2253 escapes it, from the root down. */
  readonly subject: string;
  /** The common name, where there is exactly one. */
  readonly commonName: string | undefined;
  /** Subject alternative names by kind: `URI` (SPIFFE ids), `DNS`, `email`, `IP Address`. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly issuer: string;
  readonly serialNumber: string;
  /** SHA-256 of the whole certificate, in hex with colons. */
  readonly fingerprint: string;
}

/** What an authenticator sees of a request: its head, never its body. @since 0.1.0 */
export interface Credentials {
  /** `GET`, as it was sent. */
  readonly method: string;
  /** Value of a header (name in lower case). */
  header(name: string): string | undefined;
  /** Value of a cookie. Throws `SKEIN_ACCESS_UNAUTHENTICATED` when it is there twice. */
  cookie(name: string): string | undefined;
  /** The client's certificate, where the gateway speaks HTTPS and the client showed one. */
  clientCertificate?(): ClientCertificate | undefined;
}

/** @since 0.1.0 */
export interface OpenAuthenticator {
  /**
   * Whom the request's credential stands for, as the principal's schema takes it; `undefined` when it carries none for
   * this authenticator. Throws or rejects with `SKEIN_ACCESS_UNAUTHENTICATED` for anything broken, whose message goes to
   * the log and nowhere else.
   */
  authenticate(request: Credentials): Promise<unknown> | undefined;
  close?(): Promise<void>;
}

/** One way to prove who one is: `jwt`, `apiKey`, `session`, `basicForDev`, or one of your own. @since 0.1.0 */
export interface Authenticator {
  /** For logs. */
  readonly name: string;
  /** What a 401 offers in `WWW-Authenticate`: `Bearer`. */
  readonly challenge?: string;
  /** The OpenAPI security scheme. */
  readonly scheme?: Readonly<Record<string, string>>;
  open(context: AuthenticatorContext): Promise<OpenAuthenticator>;
}

/** Who calls a system from outside, and how that is proven. @since 0.1.0 */
export interface Identity {
  readonly principal: Schema;
  /** Asked in this order; the first that finds a credential decides. */
  readonly authenticators: readonly Authenticator[];
}
