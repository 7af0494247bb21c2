/**
 * Owns what a reply means: the output of a method, one of its declared errors, or one of Skein's. It must never pass on a
 * peer's words as a message: they may hold anything.
 */
import { type ErrorSpec, type Method, nothing, type Schema, validate } from "../contract/index.ts";
import { describeSchema, fromJson } from "../contract/shapes.ts";
import { skeinError, type SkeinCode } from "../errors/index.ts";
import type { Reply } from "./send.ts";

/** A declared error that a reply stands for. */
export interface DeclaredReply {
  readonly code: string;
  readonly data: unknown;
}

/** The output, before the call layer validates it. Throws `SKEIN_EXTERNAL_REPLY`. */
export async function outputOf(id: string, method: Method, reply: Reply): Promise<unknown> {
  const output = method.output as Schema;
  if (output === nothing) return undefined;
  if (reply.body.length === 0) return undefined;
  const body = bodyOf(reply);
  if (body === undefined) throw skeinError("SKEIN_EXTERNAL_REPLY", `the reply to ${id} is not JSON`);
  return revive(output, body.value);
}

/** The declared error of this status that the body names or fits; undefined when there is none. */
export async function declaredOf(method: Method, reply: Reply): Promise<DeclaredReply | undefined> {
  const candidates = Object.entries(method.errors).filter(([, spec]) => (spec.status ?? 422) === reply.status);
  if (candidates.length === 0) return undefined;
  const body = bodyOf(reply)?.value;
  const names = namesIn(body);
  const named = candidates.filter(([code]) => names.has(code));
  for (const [code, spec] of named.length > 0 ? named : candidates) {
    const fitting = await fit(spec, body);
    if (fitting !== undefined) return { code, data: fitting.data };
  }
  return undefined;
}

/** What Skein calls a status that the contract says nothing about. */
export function statusError(service: string, status: number, attempts: number) {
  return skeinError(codeOf(status), `${service} answered ${status}`, { data: { status, attempts } });
}

function codeOf(status: number): SkeinCode {
  if (status < 400) return "SKEIN_EXTERNAL_REDIRECT";
  if (status === 429 || status === 503) return "SKEIN_EXTERNAL_BUSY";
  if (status >= 500) return "SKEIN_EXTERNAL_FAILED";
  if (status === 401 || status === 403 || status === 407) return "SKEIN_EXTERNAL_DENIED";
  return status === 404 || status === 410 ? "SKEIN_EXTERNAL_NOT_FOUND" : "SKEIN_EXTERNAL_REFUSED";
}

function bodyOf(reply: Reply): { readonly value: unknown } | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(reply.body);
    if (reply.type.startsWith("text/")) return { value: text };
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** The whole body as data, or its `data`, as Skein's own problems have it; whichever the error's schema takes. */
async function fit({ data: schema }: ErrorSpec, body: unknown): Promise<{ readonly data: unknown } | undefined> {
  if (schema === undefined) return { data: undefined };
  const inner = (body as { readonly data?: unknown } | null | undefined)?.data;
  for (const candidate of isOurs(body) ? [inner] : [body, inner]) {
    const value = await revive(schema, candidate);
    if ((await validate(schema, value)).issues === undefined) return { data: value };
  }
  return undefined;
}

function isOurs(body: unknown): boolean {
  const type = (body as { readonly type?: unknown } | null | undefined)?.type;
  return typeof type === "string" && type.startsWith("urn:skein:error:");
}

/** Where APIs put the name of an error: `code`, `error`, `error.code`, the end of a problem's `type`. */
function namesIn(body: unknown): ReadonlySet<unknown> {
  if (typeof body !== "object" || body === null) return new Set();
  const { code, error, type } = body as Record<string, unknown>;
  const inner = (error as { readonly code?: unknown } | null | undefined)?.code;
  return new Set([code, error, inner, typeof type === "string" ? type.split(/[:/#]/).at(-1) : undefined].map(toName));
}

function toName(name: unknown): unknown {
  return typeof name === "string" ? name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_") : undefined;
}

async function revive(schema: Schema, value: unknown): Promise<unknown> {
  // The input side: what a reader is given before its schema parses it.
  return fromJson(await shapeOf(schema), value);
}

const shapes = new WeakMap<object, ReturnType<typeof describeSchema>>();

function shapeOf(schema: Schema) {
  let shape = shapes.get(schema);
  if (shape === undefined) shapes.set(schema, (shape = describeSchema(schema, "input")));
  return shape;
}
