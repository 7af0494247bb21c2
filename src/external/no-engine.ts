/**
 * Owns saying no where sockets cannot be checked: what a bundler finds instead of `engine.ts` unless it bundles for Node. It
 * must never call with the runtime's own `fetch`: that connects wherever a name leads.
 */
import type { AnyContract } from "../contract/index.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";
import type { OpenContext, Opened } from "../system/index.ts";
import type { ExternalSettings } from "./external.ts";
import type { ForeignSettings } from "./foreign.ts";

/** Throws `SKEIN_RUNTIME_UNSUPPORTED`. */
export function openExternal(contract: AnyContract, _settings: ExternalSettings, _context: OpenContext): Opened {
  throw unsupported(contract, "an external service");
}

/** Rejects with the same. */
export async function openForeign(
  contract: AnyContract,
  _settings: ForeignSettings,
  _context: OpenContext,
): Promise<Opened> {
  throw unsupported(contract, "a service in another language");
}

function unsupported({ name }: AnyContract, what: string): SkeinError {
  return skeinError(
    "SKEIN_RUNTIME_UNSUPPORTED",
    `${name} is ${what}, and this runtime or bundle has no sockets to call it by`,
  );
}
