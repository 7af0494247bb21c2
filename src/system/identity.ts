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

/** What an authenticator sees of a request: its head, never its body. @since 0.1.0 */
export interface Credentials {
  /** `GET`, as it was sent. */
  readonly method: string;
  /** Value of a header (name in lower case). */
  header(name: string): string | undefined;
  /** Value of a cookie. Throws `SKEIN_ACCESS_UNAUTHENTICATED` when it is there twice. */
  cookie(name: string): string | undefined;
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
