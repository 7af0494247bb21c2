/** Stage 1, and again at the callee: may this principal call this method? It must never look at the input. */
import { skeinError } from "../../errors/index.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Arrival } from "../scope.ts";

/** Throws `SKEIN_ACCESS_DENIED` or `SKEIN_ACCESS_UNAUTHENTICATED`. `"guarded"` passes here; its guard decides later. */
export function checkAccess(endpoint: Endpoint, arrival: Arrival): void {
  const access = endpoint.access;
  if (access === "public" || access === "guarded") return;
  if (access === undefined)
    throw skeinError("SKEIN_ACCESS_DENIED", `${endpoint.id} declares no access, so nobody may call it`);
  if (access === "internal") {
    if (arrival.fromOutside) throw skeinError("SKEIN_ACCESS_DENIED", `${endpoint.id} is for services only`);
    return;
  }
  const principal = arrival.principal as { roles?: readonly string[] } | undefined;
  if (principal === undefined) throw skeinError("SKEIN_ACCESS_UNAUTHENTICATED", `${endpoint.id} needs a principal`);
  if (!Array.isArray(principal.roles) || !principal.roles.includes(access.role)) {
    throw skeinError("SKEIN_ACCESS_DENIED", `${endpoint.id} needs the role "${access.role}"`);
  }
}
