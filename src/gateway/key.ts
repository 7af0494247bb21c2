/** Owns reading `Idempotency-Key`. It must never make a key up: without one, nothing is remembered. */
import type { Kind } from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import type { Exchange } from "./exchange.ts";
import { anonymousKeyMin, keyMax } from "./limits.ts";

const printable = /^[\x21-\x7e]+$/;

/** The key of a command, workflow or action; other kinds have none. Throws `SKEIN_KEY_INVALID`. */
export function keyOf(exchange: Exchange, kind: Kind, isAnonymous: boolean): string | undefined {
  if (kind === "query") return undefined;
  const key = exchange.header("idempotency-key");
  if (key === undefined) return undefined;
  if (key.length > keyMax || !printable.test(key)) {
    throw skeinError("SKEIN_KEY_INVALID", `an idempotency key has 1 to ${keyMax} visible characters`);
  }
  if (isAnonymous && key.length < anonymousKeyMin) {
    throw skeinError(
      "SKEIN_KEY_INVALID",
      `an anonymous caller's idempotency key has at least ${anonymousKeyMin} characters`,
    );
  }
  return key;
}
