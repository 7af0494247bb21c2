/**
 * Owns how the document says who may call: one security scheme per authenticator of the system, and what an operation
 * asks of them by its access. It must never decide an access, and never name a key, a user or a lookup.
 */
import type { Identity } from "../system/index.ts";
import type { Route } from "./router.ts";

export interface Security {
  /** `components.securitySchemes`. */
  readonly schemes: Readonly<Record<string, object>>;
  /** Any one of them proves who one is. */
  readonly ways: ReadonlyArray<Readonly<Record<string, readonly string[]>>>;
}

/** An authenticator that says nothing about itself in `scheme` cannot be shown, and is left out. */
export function securityOf(identity: Identity | undefined): Security {
  const schemes: Record<string, object> = {};
  const ways: Array<Record<string, readonly string[]>> = [];
  for (const { name, scheme } of identity?.authenticators ?? []) {
    if (scheme === undefined) continue;
    const key = freeName(schemes, name.replace(/[^A-Za-z0-9._-]+/g, "_") || "scheme");
    schemes[key] = scheme;
    ways.push({ [key]: [] });
  }
  return { schemes, ways };
}

/** What an operation says of its access: anyone, one who may be anybody, or one with a role. */
export function accessOf({ access }: Route, { ways }: Security): object {
  if (access === undefined) return { security: ways, "x-skein-access": "none" };
  // Where no credential is needed one may still be given: the method then knows who calls.
  if (access === "public") return { security: ways.length === 0 ? [] : [{}, ...ways] };
  if (access === "guarded") return { security: [{}, ...ways], "x-skein-access": "guarded" };
  if (access === "internal") return { security: ways };
  return { security: ways, "x-skein-access": `role ${access.role}` };
}

/** Statuses that access alone can answer with, and in which words. */
export function refusalsOf({ access }: Route, { ways }: Security): Array<readonly [status: number, text: string]> {
  const refusals: Array<readonly [number, string]> = [];
  // A broken credential is refused wherever one is looked for, also where none is needed.
  const isAsked = access !== "public" && access !== "guarded" && access !== undefined;
  if (isAsked || ways.length > 0)
    refusals.push([401, isAsked ? "No valid credential" : "A credential was sent and is not valid"]);
  if (access === "guarded") refusals.push([403, "Not allowed for this input"]);
  else if (access !== undefined && typeof access === "object")
    refusals.push([403, `The role "${access.role}" is missing`]);
  else if (access === undefined) refusals.push([403, "Nobody may call this method: it declares no access"]);
  else if (ways.some((way) => Object.hasOwn(way, "session")))
    refusals.push([403, "Another site's page sent the cookie"]);
  return refusals;
}

function freeName(taken: Readonly<Record<string, unknown>>, wanted: string): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? wanted : `${wanted}${i}`;
    if (!Object.hasOwn(taken, name)) return name;
  }
}
