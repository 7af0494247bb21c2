/**
 * Owns turning an input into a request, by the rules the gateway reads it with. It must never write a value that would
 * be read as another one: what a path, a query or a header cannot carry is refused here.
 */
import { ValueSetError } from "../../core/index.ts";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import { toJson } from "../http-value.ts";
import type { HttpVerb } from "../method.ts";
import type { HttpMethod } from "./table.ts";

/** A method with its route taken apart, once. */
export interface Target extends HttpMethod {
  /** `orders.place` */
  readonly id: string;
  readonly verb: HttpVerb;
  readonly segments: readonly string[];
  /** Fields that are not left for the body or the rest of the query. */
  readonly taken: ReadonlySet<string>;
  /** Whether it may be sent again when it may have run, with its key. */
  readonly isRepeatable: boolean;
}

export interface Encoded {
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; undefined also where the body is the caller's bytes. */
  readonly body: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

export function toTarget(id: string, method: HttpMethod): Target {
  const space = method.http.indexOf(" ");
  const segments = method.http.slice(space + 1).split("/");
  const names = segments.filter((segment) => segment.startsWith(":")).map((segment) => segment.slice(1));
  const { kind, keyed, headers = {}, cookies = {}, query = [] } = method;
  const taken = new Set([...names, ...Object.values(headers), ...Object.values(cookies), ...query]);
  const isRepeatable = kind !== "action" || keyed === true;
  return { ...method, id, verb: method.http.slice(0, space) as HttpVerb, segments, taken, isRepeatable };
}

/** Throws `SKEIN_INPUT_INVALID` or `SKEIN_VALUE_SET`, with outcome `not_started`. */
export function encodeInput(target: Target, input: unknown): Encoded {
  const readsQuery = target.verb === "GET" || target.verb === "DELETE" || target.body !== undefined;
  const needsFields = readsQuery || target.taken.size > 0 || target.bodyField !== undefined;
  if (needsFields && input !== undefined && !isFields(input)) throw refused("$", "an object is expected");
  const fields = needsFields && input !== undefined ? (input as Fields) : {};
  const path = target.segments.map((segment) => (segment.startsWith(":") ? inPath(segment, fields) : encode(segment)));
  const headers = headersOf(target, fields);
  const inQuery = readsQuery
    ? Object.entries(fields).filter(([name]) => !target.taken.has(name))
    : (target.query ?? []).map((name) => [name, own(fields, name)] as const);
  return {
    path: path.join("/") + queryOf(inQuery),
    headers,
    body: readsQuery ? undefined : bodyOf(target, input, fields),
  };
}

function inPath(segment: string, fields: Fields): string {
  const name = segment.slice(1);
  const text = toText(alone(own(fields, name)), `$.${name}`, "a path");
  // A dot segment would be another path before it is even sent; an empty one would be none.
  if (/^\.{0,2}$|[/\\]/.test(text)) throw refused(`$.${name}`, `${JSON.stringify(text)} cannot be part of a path`);
  return encode(text);
}

function headersOf(target: Target, fields: Fields): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [header, name] of Object.entries(target.headers ?? {})) {
    const value = own(fields, name);
    if (value === undefined || target.segments.includes(`:${name}`)) continue;
    const text = toText(alone(value), `$.${name}`, "a header");
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text) || text.trim() !== text)
      throw refused(`$.${name}`, "a header carries Latin-1 text without line breaks or surrounding spaces");
    headers[header] = text;
  }
  const cookies = Object.entries(target.cookies ?? {}).flatMap(([cookie, name]) => cookieOf(cookie, name, fields));
  if (cookies.length > 0) headers["cookie"] = cookies.join("; ");
  return headers;
}

function cookieOf(cookie: string, name: string, fields: Fields): string[] {
  const value = own(fields, name);
  if (value === undefined) return [];
  const text = toText(alone(value), `$.${name}`, "a cookie");
  // Quotes around a value may be taken off, and the others end it.
  if (/[^\x21-\x7e]|[",;\\]/.test(text)) throw refused(`$.${name}`, "cannot be written in a cookie");
  return [`${cookie}=${text}`];
}

function queryOf(fields: ReadonlyArray<readonly [string, unknown]>): string {
  const parts: string[] = [];
  for (const [name, value] of fields) {
    if (value === undefined) continue;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.length === 0) throw refused(`$.${name}`, "a query cannot carry an empty list; leave the field out");
    if (!name.isWellFormed()) throw refused("$", "a name that is not well-formed cannot be written in a query");
    for (const each of values) parts.push(`${encode(name)}=${encode(toText(each, `$.${name}`, "a query"))}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function bodyOf(target: Target, input: unknown, fields: Fields): string | undefined {
  if (target.bodyField !== undefined) {
    const body = own(fields, target.bodyField);
    return body === undefined ? undefined : JSON.stringify(json(body));
  }
  if (target.taken.size === 0) return input === undefined ? undefined : JSON.stringify(json(input));
  const rest = Object.entries(fields).filter(([name]) => !target.taken.has(name));
  return JSON.stringify(json(Object.fromEntries(rest)));
}

/** Where a name has one value, a list of one is read from it where the schema takes a list. */
function alone(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

/** A value as the text that is read back as it. */
function toText(value: unknown, path: string, place: string): string {
  const isScalar = value !== null && !Array.isArray(value) && !isFields(value);
  const text = isScalar ? json(value) : undefined;
  if (typeof text === "string" && text.isWellFormed()) return text;
  if (typeof text === "boolean") return String(text);
  if (typeof text === "number") return numberText(text);
  throw refused(path, value === undefined ? "is missing" : `cannot be written in ${place}`);
}

/** Whole digits beyond 2^53 are refused as a number, since most such texts are another one. */
function numberText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

function json(value: unknown): unknown {
  try {
    return toJson(value);
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    throw skeinError("SKEIN_VALUE_SET", error.message);
  }
}

function encode(text: string): string {
  return encodeURIComponent(text);
}

function isFields(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  );
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function refused(path: string, message: string): SkeinError {
  return skeinError("SKEIN_INPUT_INVALID", `${path}: ${message}`, { data: { issues: [{ path, message }] } });
}
