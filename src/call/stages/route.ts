/** Stage 0 of a nested call: may this method call that one at all? It must never depend on data. */
import { skeinError } from "../../errors/index.ts";
import type { Kind } from "../../contract/index.ts";
import type { Endpoint } from "../endpoint.ts";
import type { CallScope } from "../scope.ts";
import { isInTransaction } from "../transaction-mark.ts";

/** Deeper than any real system; it bounds a chain that the cycle check cannot see across processes. */
const depthMax = 32;

/**
 * Throws `SKEIN_CALL_IN_TRANSACTION`, `SKEIN_CALL_KIND`, `SKEIN_CALL_CYCLE` or `SKEIN_CALL_DEPTH`.
 * `by` is the kind the caller acts as: a guard acts as a query whatever its method is.
 */
export function checkRoute(caller: CallScope, by: Kind, target: Pick<Endpoint, "id" | "kind">): void {
  if (isInTransaction()) {
    throw skeinError("SKEIN_CALL_IN_TRANSACTION", `${caller.endpoint.id} calls ${target.id} inside its transaction`);
  }
  if ((by === "query" || by === "command") && target.kind !== "query") {
    throw skeinError(
      "SKEIN_CALL_KIND",
      `${caller.endpoint.id} acts as a ${by} and may not call ${target.id}, which is a ${target.kind}`,
    );
  }
  for (let scope: CallScope | undefined = caller; scope !== undefined; scope = scope.parent) {
    if (scope.endpoint === target || scope.arrival.path.includes(target.id)) {
      throw skeinError(
        "SKEIN_CALL_CYCLE",
        `the call would close a cycle: ${pathOf(caller).join(" -> ")} -> ${target.id}`,
      );
    }
  }
  if (caller.depth + 1 >= depthMax) {
    throw skeinError(
      "SKEIN_CALL_DEPTH",
      `${caller.endpoint.id} is ${depthMax} calls deep and may not call ${target.id}`,
    );
  }
}

/** The same of a call that came from a program that may not have asked. Throws `SKEIN_CALL_CYCLE` or `SKEIN_CALL_DEPTH`. */
export function checkPath(path: readonly string[], target: string): void {
  if (path.includes(target))
    throw skeinError("SKEIN_CALL_CYCLE", `the call would close a cycle: ${path.join(" -> ")} -> ${target}`);
  if (path.length >= depthMax)
    throw skeinError("SKEIN_CALL_DEPTH", `${path.at(-1)} is ${depthMax} calls deep and may not call ${target}`);
}

/** What follows a path, by the endpoint that is added to it. */
const longer = new WeakMap<readonly string[], Map<string, readonly string[]>>();

/**
 * The endpoints from the outermost call to this one. The same list each time: it goes with every call to another host, which
 * is told of it once.
 */
export function pathOf(caller: CallScope): readonly string[] {
  const above = caller.parent === undefined ? caller.arrival.path : pathOf(caller.parent);
  const { id } = caller.endpoint;
  let known = longer.get(above);
  if (known === undefined) longer.set(above, (known = new Map()));
  let path = known.get(id);
  if (path === undefined) known.set(id, (path = Object.freeze([...above, id])));
  return path;
}
