/**
 * Owns a command's one effect as the data layer and the call path share it: the key, the input's hash, the reply that
 * commits with it. It must never know how an effect is stored.
 */
import { createHash } from "node:crypto";
import { canonicalValue, decodeValue, encodeValue, type Schema } from "../contract/index.ts";
import type { CommandEffect } from "../system/index.ts";
import { parseOutput } from "./stages/parse.ts";
import type { CallScope } from "./scope.ts";

export class Effect implements CommandEffect {
  readonly principal: string;
  readonly service: string;
  readonly method: string;
  readonly key: string | undefined;
  readonly #scope: CallScope;
  readonly #input: unknown;
  #hash: string | undefined;
  #state: "open" | "prepared" | "committed" | "replayed" = "open";
  #raw: unknown;
  #reply: unknown;

  constructor(scope: CallScope, input: unknown) {
    this.principal = (scope.principal as { subject?: string } | undefined)?.subject ?? "";
    this.service = scope.service;
    this.method = scope.method;
    this.key = scope.key;
    this.#scope = scope;
    this.#input = input;
  }

  get inputHash(): string {
    return (this.#hash ??= createHash("sha256").update(canonicalValue(this.#input)).digest("base64url"));
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
