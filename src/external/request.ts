/**
 * Owns turning the input of a method into an HTTP request, by the contract's binding. It must never let a value change
 * which path or which header it is put in.
 */
import type { HttpBinding, Method } from "../contract/index.ts";
import { toJson } from "../contract/shapes.ts";
import { skeinError, type SkeinError } from "../errors/index.ts";
import { requestBytesMax } from "./limits.ts";

/** How one method's input is spread over a request; made once, when the service opens. */
export interface Plan {
  /** `billing.invoice` */
  readonly id: string;
  readonly verb: string;
  readonly segments: readonly string[];
  readonly headers: ReadonlyArray<readonly [header: string, field: string]>;
  readonly queryNames: ReadonlySet<string>;
  readonly readsQuery: boolean;
  readonly bodyField: string | undefined;
}

export interface Outgoing {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export function planOf(id: string, method: Method): Plan {
  const http = method.http as HttpBinding;
  const [verb = "", path = ""] = http.route.split(" ");
  return {
    id,
    verb,
    segments: path.split("/").slice(1),
    headers: Object.entries(http.headers ?? {}).map(([header, field]) => [header.toLowerCase(), field] as const),
    queryNames: new Set(http.query),
    readsQuery: verb === "GET" || verb === "DELETE",
    bodyField: http.bodyField,
  };
}

/** `base` is the path of the service's URL, without a slash at its end. Throws `SKEIN_INPUT_INVALID`. */
export function toRequest(plan: Plan, base: string, input: unknown): Outgoing {
  const plain = toJson(input);
  const isFields = typeof plain === "object" && plain !== null && !Array.isArray(plain);
  const rest = new Map<string, unknown>(isFields ? Object.entries(plain) : []);
  const take = (name: string): unknown => {
    const value = rest.get(name);
    rest.delete(name);
    return value;
  };
  const path = plan.segments.map((segment) =>
    segment.startsWith(":") ? toSegment(plan, segment.slice(1), take(segment.slice(1))) : encodeURIComponent(segment),
  );
  const headers: Record<string, string> = {};
  for (const [header, field] of plan.headers) {
    const value = take(field);
    if (value !== undefined && value !== null) headers[header] = toHeader(plan, field, value);
  }
  const query = new URLSearchParams();
  for (const [name, value] of rest) {
    if (!plan.queryNames.has(name) && !plan.readsQuery) continue;
    rest.delete(name);
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null) query.append(name, toText(one));
  }
  const body = toBody(plan, isFields ? rest : undefined, plain);
  if (body !== undefined) headers["content-type"] = "application/json";
  const search = query.size === 0 ? "" : `?${query.toString()}`;
  return { method: plan.verb, path: `${base}/${path.join("/")}${search}`, headers, body };
}

function toBody(plan: Plan, rest: ReadonlyMap<string, unknown> | undefined, plain: unknown): Buffer | undefined {
  if (plan.readsQuery || plain === undefined) return undefined;
  const value =
    plan.bodyField !== undefined ? rest?.get(plan.bodyField) : rest === undefined ? plain : Object.fromEntries(rest);
  if (value === undefined || (plan.bodyField === undefined && rest?.size === 0)) return undefined;
  const body = Buffer.from(JSON.stringify(value), "utf8");
  if (body.length > requestBytesMax) throw wrong(plan, `is larger than ${requestBytesMax} bytes`);
  return body;
}

/** One segment and never more: an empty one, `.` and `..` would lead somewhere else. */
function toSegment(plan: Plan, name: string, value: unknown): string {
  const text = value === undefined || value === null ? "" : toText(value);
  if (text === "" || text === "." || text === "..") throw wrong(plan, `has a ${name} that cannot be part of a path`);
  try {
    return encodeURIComponent(text);
  } catch {
    throw wrong(plan, `has a ${name} with half a character`);
  }
}

function toHeader(plan: Plan, name: string, value: unknown): string {
  const text = toText(value);
  if (!/^[\t\x20-\x7e]*$/.test(text)) throw wrong(plan, `has a ${name} that cannot be a header`);
  return text;
}

function toText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}

function wrong(plan: Plan, what: string): SkeinError {
  return skeinError("SKEIN_INPUT_INVALID", `the input of ${plan.id} ${what}`);
}
