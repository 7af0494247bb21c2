/** Stage after the parse: the implementation's own yes or no for guarded methods. It must never see `own` with writes. */
import { skeinError } from "../../errors/index.ts";
import type { CallScope } from "../scope.ts";

/** Throws `SKEIN_ACCESS_DENIED` unless the guard answers exactly `true`. Only called where access is `"guarded"`. */
export async function checkGuard(scope: CallScope, input: unknown): Promise<void> {
  const { endpoint } = scope;
  const allowed: unknown = await endpoint.guard?.(input, endpoint.readOnlyOwn(scope), scope);
  // A guard that answers something truthy by mistake (an object, a count) must not let anybody in.
  if (allowed !== true) throw skeinError("SKEIN_ACCESS_DENIED", `the guard of ${endpoint.id} said no`);
}
