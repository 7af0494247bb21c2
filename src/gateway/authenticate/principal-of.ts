/**
 * Owns how a mounted application learns whom a request is for. It must never read a header: what stands in one the client
 * may have written.
 */
import type { Principal } from "../../system/index.ts";

/** Two copies of Skein in one process (an application may bring its own) understand each other by this name. */
const mark: unique symbol = Symbol.for("skein.principal") as never;

/**
 * The principal that the gateway's authenticators found for a request of a mounted application, frozen; `undefined` when
 * it carries no credential of theirs. Takes the request as the application has it: Express's and Node's, Fastify's
 * (`request` or `request.raw`), Hono's context or its `c.req`, a `Request`.
 * @since 0.1.0
 */
export function principalOf<Who = Principal>(request: object): Who | undefined {
  let at: unknown = request;
  // A Fastify request and a Hono one keep theirs in `raw`, a Hono context its request in `req`.
  for (let step = 0; step < 3 && typeof at === "object" && at !== null; step++) {
    if (mark in at) return at[mark] as Who | undefined;
    const { raw, req } = at as { readonly raw?: unknown; readonly req?: unknown };
    at = raw ?? req;
  }
  return undefined;
}

/** Gives a request its principal; what the application sees cannot be written over by assignment. */
export function attachPrincipal(request: object, principal: unknown): void {
  Object.defineProperty(request, mark, { value: freeze(structuredClone(principal)), enumerable: false });
}

function freeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const field of Object.values(value)) freeze(field);
  return Object.freeze(value);
}
