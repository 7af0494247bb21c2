/**
 * Owns turning a request into a principal: authenticators in their order, then the schema, once. It must never say to a
 * caller why it was refused, and never let a credential that was sent pass for none.
 */
import { absolutePath } from "../../core/platform.ts";
import { toIssues, validate } from "../../contract/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import type {
  AuthenticatorContext,
  ClientCertificate,
  Credentials,
  Identity,
  OpenAuthenticator,
  System,
} from "../../system/index.ts";
import { cookieOf } from "./cookie.ts";
import { passCookie } from "./ended-cookie.ts";
import { refused } from "./refuse.ts";

/** What a gate looks at. */
export interface RequestHead {
  readonly verb: string;
  header(name: string): string | undefined;
  clientCertificate?(): ClientCertificate | undefined;
}

/** What a gate is opened with, from the gateway's own settings. */
export type GateSettings = Omit<AuthenticatorContext, "system">;

export class Gate {
  readonly #identity: Identity;
  readonly #open: readonly OpenAuthenticator[];
  readonly #log: AuthenticatorContext["log"];
  /** For `WWW-Authenticate`: the same whatever was wrong. */
  readonly challenge: string;

  constructor(identity: Identity, opened: readonly OpenAuthenticator[], log: AuthenticatorContext["log"]) {
    this.#identity = identity;
    this.#open = opened;
    this.#log = log;
    const challenges = identity.authenticators.flatMap(({ challenge }) => challenge ?? []);
    this.challenge = [...new Set(challenges)].join(", ") || "Session";
  }

  /**
   * The request's principal; `undefined` at once when it carries no credential. Rejects with
   * `SKEIN_ACCESS_UNAUTHENTICATED`, `SKEIN_ACCESS_UNAVAILABLE` or `SKEIN_ACCESS_DENIED`.
   */
  principalOf(request: RequestHead, traceId: string): Promise<unknown> | undefined {
    const seen = new Seen(request);
    let at = 0;
    try {
      for (; at < this.#open.length; at++) {
        const found = this.#open[at]?.authenticate(seen);
        if (found !== undefined) return this.#finish(found, at, traceId);
      }
    } catch (thrown) {
      return Promise.reject(this.#refuse(thrown, at, traceId));
    }
    if (request.header("authorization") === undefined) return undefined;
    // To take it for nobody's would hide the mistake, and a page for guests would look signed out.
    return Promise.reject(this.#refuse(refused("no authenticator takes this Authorization header"), at, traceId));
  }

  /**
   * The same where a credential may be somebody else's: one that stands for nobody here gives `undefined`, and no line in
   * the log. Rejects with `SKEIN_ACCESS_UNAVAILABLE` only.
   */
  async knownOf(request: RequestHead, traceId: string): Promise<unknown> {
    const seen = new Seen(request);
    let at = 0;
    try {
      for (; at < this.#open.length; at++) {
        const found = this.#open[at]?.authenticate(seen);
        if (found === undefined) continue;
        const parsed = await validate(this.#identity.principal, await found);
        return parsed.issues === undefined ? parsed.value : undefined;
      }
    } catch (thrown) {
      if (isSkeinError(thrown) && thrown.code === "SKEIN_ACCESS_UNAVAILABLE") throw this.#refuse(thrown, at, traceId);
    }
    return undefined;
  }

  async close(): Promise<void> {
    for (const one of this.#open) await one.close?.();
  }

  async #finish(found: Promise<unknown>, at: number, traceId: string): Promise<unknown> {
    try {
      const parsed = await validate(this.#identity.principal, await found);
      if (parsed.issues === undefined) return parsed.value;
      const where = toIssues(parsed.issues, 5).map((issue) => issue.path);
      throw refused(`what the credential stands for is no principal of this system: ${where.join(", ")}`);
    } catch (thrown) {
      throw this.#refuse(thrown, at, traceId);
    }
  }

  /** The reason goes to the log; what the caller gets is the same for every reason, but for a cookie to forget. */
  #refuse(thrown: unknown, at: number, traceId: string): SkeinError {
    const error =
      isSkeinError(thrown) && isKnown.has(thrown.code) ? thrown : refused("the authenticator failed", thrown);
    const authenticator = this.#identity.authenticators[at]?.name;
    const fields = { code: error.code, reason: error.message, authenticator, traceId, error: error.cause };
    if (error.code === "SKEIN_ACCESS_UNAVAILABLE") this.#log.error("authentication is not possible", fields);
    else this.#log.info("a credential was refused", fields);
    return error.code === "SKEIN_ACCESS_UNAUTHENTICATED" ? passCookie(error, skeinError(error.code)) : error;
  }
}

const isKnown = new Set(["SKEIN_ACCESS_UNAUTHENTICATED", "SKEIN_ACCESS_DENIED", "SKEIN_ACCESS_UNAVAILABLE"]);

/** Opens the authenticators of a system; `undefined` where everybody is anonymous. What was opened is closed on failure. */
export async function openGate(system: System, settings: GateSettings): Promise<Gate | undefined> {
  const { identity } = system;
  if (identity === undefined) return undefined;
  const opened: OpenAuthenticator[] = [];
  const context = { ...settings, system: system.name, home: absolutePath(settings.home) };
  try {
    for (const authenticator of identity.authenticators) opened.push(await authenticator.open(context));
  } catch (error) {
    for (const one of opened) await one.close?.();
    throw error;
  }
  return new Gate(identity, opened, settings.log);
}

class Seen implements Credentials {
  readonly #request: RequestHead;

  constructor(request: RequestHead) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.verb;
  }

  header(name: string): string | undefined {
    return this.#request.header(name);
  }

  cookie(name: string): string | undefined {
    return cookieOf(this.#request.header("cookie"), name);
  }

  clientCertificate(): ClientCertificate | undefined {
    return this.#request.clientCertificate?.();
  }
}
