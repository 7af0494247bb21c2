/**
 * Owns telling what kind of application a value is, by its shape alone: no framework is a dependency. It must never call
 * one.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** A request handler of Node; `next` is called by what leaves a request to somebody else. */
export type Listener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => unknown;

export type Recognised =
  | { readonly kind: "nest"; readonly app: NestLike }
  | { readonly kind: "fastify"; readonly app: FastifyLike }
  | { readonly kind: "fetch"; readonly app: FetchLike }
  /** Express and Connect applications end every request themselves; their routers and single middlewares call `next`. */
  | { readonly kind: "express" | "connect" | "router" | "listener"; readonly app: Listener };

export interface NestLike {
  init(): Promise<unknown>;
  close?(): Promise<unknown>;
  getHttpAdapter(): { getInstance(): unknown };
}

export interface FastifyLike {
  ready(): PromiseLike<unknown>;
  routing: Listener;
  close?(): PromiseLike<unknown>;
  printRoutes?(options?: object): string;
}

export interface FetchLike {
  fetch(request: Request): Response | Promise<Response>;
  readonly routes?: unknown;
}

/** What the value is, or `undefined` when it is no application. */
export function recognise(value: unknown): Recognised | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  if (has(value, "init", "getHttpAdapter")) return { kind: "nest", app: value as NestLike };
  if (has(value, "ready", "routing")) return { kind: "fastify", app: value as unknown as FastifyLike };
  if (has(value, "fetch")) return { kind: "fetch", app: value as unknown as FetchLike };
  if (typeof value !== "function") return undefined;
  const app = value as Listener;
  if (has(value, "handle", "listen")) {
    return { kind: Array.isArray((value as { readonly stack?: unknown }).stack) ? "connect" : "express", app };
  }
  if (has(value, "handle") || value.length === 3) return { kind: "router", app };
  return value.length === 2 ? { kind: "listener", app } : undefined;
}

function has(value: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === "function");
}
