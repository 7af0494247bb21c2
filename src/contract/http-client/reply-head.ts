/**
 * Owns putting the fields of an answer back that its contract sends in the head: headers and the status. It must never
 * read a cookie: a browser keeps those to itself.
 */
import { fromStrings } from "../http-value.ts";
import type { HttpMethod, HttpReplyHeader } from "./table.ts";

/** Headers whose instants are written as HTTP writes them. */
const httpDates = new Set(["last-modified", "expires", "sunset", "deprecation"]);

/** The answer with the fields that were in its head. */
export function withHead({ reply }: HttpMethod, { headers, status }: Response, body: unknown): unknown {
  if (reply === undefined) return body;
  const fields: Record<string, unknown> = typeof body === "object" && body !== null ? { ...body } : {};
  for (const [name, header] of Object.entries(reply.headers ?? {})) {
    const text = headers.get(name);
    if (text !== null) fields[header.field] = valueOf(name, header, text);
    else if (header.orNull === true) fields[header.field] = null;
  }
  const chosen = reply.status?.is[status];
  if (reply.status !== undefined && chosen !== undefined) fields[reply.status.field] = chosen;
  return fields;
}

function valueOf(name: string, { type }: HttpReplyHeader, text: string): unknown {
  // The gateway puts quotes around a version to make it a tag.
  const bare = name === "etag" ? text.replace(/^"(.*)"$/, "$1") : text;
  if (type === undefined) return bare;
  const isDate = type["x-skein"] === "instant" && httpDates.has(name) && !Number.isNaN(Date.parse(bare));
  const given = isDate ? new Date(bare).toISOString() : bare;
  return fromStrings({ json: type, outside: [], opaque: false, note: undefined }, given);
}
