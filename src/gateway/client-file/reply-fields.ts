/**
 * Owns what a client has to know of the fields that a contract sends in the head of an answer. It must never promise a field
 * that a client may not see: a cookie's value, or a status that stands for several values.
 */
import type { HttpMethodReply, HttpReplyHeader } from "../../contract/http-client/index.ts";
import { fieldShape, fromStrings, type JsonSchema, type SchemaShape } from "../../contract/shapes.ts";
import type { Route } from "../router.ts";
import { statusesOf } from "../openapi-reply.ts";

/** How the fields of a schema are for a client, where that is not how the schema says it. */
export interface Edits {
  readonly dropped?: readonly string[];
  readonly optional?: readonly string[];
}

export interface HeadFields extends Edits {
  readonly reply: HttpMethodReply | undefined;
}

type Values = Record<string, string | number | boolean | null>;

/** The fields of an answer that are not in its body. */
export function headFieldsOf(route: Route, output: SchemaShape): HeadFields {
  const reply = route.method.http?.reply;
  if (reply === undefined) return { reply: undefined };
  const headers = Object.entries(reply.headers ?? {}).map(([name, field]) => {
    return [name.toLowerCase(), headerOf(field, fieldShape(output, field))] as const;
  });
  const is = reply.status === undefined ? undefined : valuesByStatus(route, fieldShape(output, reply.status.field));
  const redirects = [...statusesOf(route)].some((status) => status >= 300);
  return {
    // What a cookie holds is between the server and the browser.
    dropped: Object.values(reply.cookies ?? {}).map(({ field }) => field),
    optional: is === undefined || is.isWhole ? [] : [reply.status?.field ?? ""],
    reply: {
      ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
      ...(reply.status !== undefined && is !== undefined && { status: { field: reply.status.field, is: is.values } }),
      ...(redirects && { redirects: true as const }),
    },
  };
}

/** The same shape with some fields left out or optional; only where it is one object. */
export function edited(shape: SchemaShape, { dropped = [], optional = [] }: Edits): SchemaShape {
  const { properties, required, ...others } = shape.json;
  if (properties === undefined || dropped.length + optional.length === 0) return shape;
  const gone = new Set(dropped);
  const loose = new Set([...dropped, ...optional]);
  const json: JsonSchema = {
    ...others,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !gone.has(name))),
    required: (required ?? []).filter((name) => !loose.has(name)),
  };
  return { ...shape, json };
}

function headerOf(field: string, shape: SchemaShape | undefined): HttpReplyHeader {
  if (shape === undefined) return { field };
  const types = [shape.json, ...(shape.json.anyOf ?? []), ...(shape.json.oneOf ?? [])];
  const isPlainText = shape.json.type === "string" && shape.json["x-skein"] === undefined;
  const isNullable = types.some(({ type }) => type === "null" || (Array.isArray(type) && type.includes("null")));
  return { field, ...(!isPlainText && { type: shape.json }), ...(isNullable && { orNull: true as const }) };
}

/** What each status says of the field, as far as it stands for one value. */
function valuesByStatus(route: Route, shape: SchemaShape | undefined): { values: Values; isWhole: boolean } {
  const named = Object.entries(route.method.http?.reply?.status?.is ?? {});
  const all = shape === undefined ? undefined : everyValue(shape.json);
  // A value without a status of its own has the declared one.
  const others = (all ?? []).map(String).filter((text) => !named.some(([value]) => value === text));
  const pairs = [...named, ...others.map((text) => [text, route.status] as const)];
  const values: Values = {};
  for (const [text, status] of pairs) {
    if (pairs.filter(([, other]) => other === status).length > 1) continue;
    values[status] = text === "null" ? null : shape === undefined ? text : (fromStrings(shape, text) as string);
  }
  return { values, isWhole: all !== undefined && Object.keys(values).length === pairs.length };
}

/** The values of a schema of few; undefined for any other. */
function everyValue(json: JsonSchema): readonly unknown[] | undefined {
  if ("const" in json) return [json.const];
  return json.enum ?? (json.type === "boolean" ? [true, false] : undefined);
}
