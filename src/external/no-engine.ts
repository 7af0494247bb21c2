/**
 * Owns saying no where sockets cannot be checked: what a bundler finds instead of `engine.ts` unless it bundles for Node. It
 * must never call with the runtime's own `fetch`: that connects wherever a name leads.
 */
import type { AnyContract } from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import type { OpenContext, Opened } from "../system/index.ts";
import type { ExternalSettings } from "./external.ts";

/** Throws `SKEIN_RUNTIME_UNSUPPORTED`. */
export function openExternal(contract: AnyContract, _settings: ExternalSettings, _context: OpenContext): Opened {
  throw skeinError(
    "SKEIN_RUNTIME_UNSUPPORTED",
    `${contract.name} is an external service, and this runtime or bundle has no sockets to call it by`,
  );
}
