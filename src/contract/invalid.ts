/** Owns the one way a contract refuses a declaration. It must never be used for anything met at run time. */
import { skeinError, type SkeinError } from "../errors/index.ts";

export function contractInvalid(detail: string): SkeinError {
  return skeinError("SKEIN_CONTRACT_INVALID", detail);
}
