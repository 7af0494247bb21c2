/**
 * Owns a command's one effect as the data layer and the call path share it: the key, the input's hash, the reply that
 * commits with it. It must never know how an effect is stored.
 */
import { canonicalValue, decodeValue, encodeValue, type Schema } from "../contract/index.ts";
import { sha256 } from "../core/sha256.ts";
import type { CommandEffect } from "../system/index.ts";
import { parseOutput } from "./stages/parse.ts";
import type { CallScope } from "./scope.ts";

export class Effect implements CommandEffect {
  readonly principal: string;
  readonly service: string;
  readonly method: string;
  readonly key: string | undefined;
  readonly inputHash: string;
  readonly #scope: CallScope;
  #state: "open" | "prepared" | "committed" | "replayed" = "open";
  #raw: unknown;
  #reply: unknown;

  constructor(scope: CallScope, input: unknown) {
    this.principal = ownerOf(scope.principal);
    this.service = scope.service;
    this.method = scope.method;
    this.key = scope.key;
    this.#scope = scope;
    // At once, since the input is the handler's from here on; without a key nobody asks for it.
    this.inputHash = this.key === undefined ? "" : sha256(canonicalValue(input) + bodyOf(scope));
  }

  async prepare(reply: unknown): Promise<{ reply: unknown; encoded: string }> {
    // A command's output is never a stream: the contract's types refuse one.
    const parsed = await parseOutput(this.#scope, this.#scope.endpoint.method.output as Schema, reply);
    this.#raw = reply;
    this.#reply = parsed;
    this.#state = "prepared";
    // The handler gets its own object back: the parsed one is the caller's.
    return { reply, encoded: encodeValue(parsed) };
  }

  replay(encoded: string): void {
    this.#reply = decodeValue(encoded);
    this.#state = "replayed";
  }

  committed(): void {
    this.#state = "committed";
  }

  get isReplayed(): boolean {
    return this.#state === "replayed";
  }

  get isCommitted(): boolean {
    return this.#state === "committed";
  }

  /** The reply that was stored with the effect, parsed. */
  get reply(): unknown {
    return this.#reply;
  }

  /** Whether the handler returned what its transaction returned. */
  isReplyOf(returned: unknown): boolean {
    return returned === this.#raw || returned === this.#reply;
  }
}

/** A subject that a column holds as it is; `#` begins the others. */
const plainSubject = /^[^#\0\p{Cs}][^\0\p{Cs}]{0,254}$/u;

/**
 * Whose a key is: the empty text for nobody, the subject where that says it, else a text that no subject is taken for
 * (a subject with a tenant, an empty one, a principal of another shape). Roles do not count: they come and go.
 */
function ownerOf(principal: unknown): string {
  if (principal === undefined) return "";
  const { subject, tenant } = principal as { readonly subject?: unknown; readonly tenant?: unknown };
  if (typeof subject === "string" && tenant === undefined && plainSubject.test(subject)) return subject;
  return `#${sha256(canonicalValue(typeof subject === "string" ? [subject, tenant ?? null] : principal))}`;
}

/** What stands behind the input where the method takes a body; no canonical value has a line break. */
function bodyOf({ body }: CallScope): string {
  return body === undefined ? "" : `\n${body.digest}`;
}
