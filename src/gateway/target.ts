/**
 * Owns reading a request's target: path and query as text, each decoded exactly once. It must never hand on anything that
 * two readers could understand differently (an encoded slash, a dot segment, bad percent-encoding): those are refused.
 */
import { skeinError, type SkeinError } from "../errors/index.ts";
import { queryParametersMax } from "./limits.ts";

/** A path in the one form the router knows, and whether any segment had to be decoded for it. */
export interface Target {
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
}

const plain = /^[A-Za-z0-9\-_.~/]*$/;
const dotSegment = /(^|\/)\.\.?(\/|$)/;
const hiddenKeys = new Set(["__proto__", "constructor", "prototype"]);

/** Splits a target in origin form. Throws `SKEIN_HTTP_BAD_REQUEST`. */
export function readTarget(target: string): Target {
  const hash = target.indexOf("#");
  if (hash >= 0) throw badRequest("the target has a fragment");
  const mark = target.indexOf("?");
  const raw = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const path = plain.test(raw) ? raw : canonicalPath(raw);
  if (dotSegment.test(path)) throw badRequest("the path has a dot segment");
  return { path, query };
}

/** One segment in the form the router compares: decoded once, then encoded in one way. */
export function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The text of a segment in canonical form. */
export function decodeSegment(segment: string): string {
  return segment.includes("%") ? decodeURIComponent(segment) : segment;
}

/** The parameters of a query, in order, each with all its values. Throws `SKEIN_HTTP_BAD_REQUEST`. */
export function readQuery(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  if (query === "") return parameters;
  let count = 0;
  for (const part of query.split("&")) {
    if (part === "") continue;
    if (++count > queryParametersMax) throw badRequest(`the query has more than ${queryParametersMax} parameters`);
    const equals = part.indexOf("=");
    const name = decodeQuery(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? "" : decodeQuery(part.slice(equals + 1));
    if (hiddenKeys.has(name)) throw badRequest("the query has a refused name");
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

function canonicalPath(raw: string): string {
  return raw
    .split("/")
    .map((segment) => {
      const text = decode(segment);
      if (text.includes("/") || text.includes("\\")) throw badRequest("the path has an encoded slash");
      return encodeSegment(text);
    })
    .join("/");
}

function decodeQuery(text: string): string {
  return decode(text.includes("+") ? text.replaceAll("+", " ") : text);
}

function decode(text: string): string {
  let decoded: string;
  try {
    // Refuses bad percent-encoding, and bytes that are not UTF-8.
    decoded = text.includes("%") ? decodeURIComponent(text) : text;
  } catch {
    throw badRequest("the target has bad percent-encoding");
  }
  if (decoded.includes("\0")) throw badRequest("the target has a NUL");
  if (!decoded.isWellFormed()) throw badRequest("the target is not well-formed");
  return decoded;
}

export function badRequest(detail: string): SkeinError {
  return skeinError("SKEIN_HTTP_BAD_REQUEST", detail);
}
