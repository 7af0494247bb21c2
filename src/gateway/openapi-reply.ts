/** Owns what a reply's mapping says in the document: statuses, headers, the body that is left. It must never describe errors. */
import type { HttpReply } from "../contract/index.ts";
import { fieldShape, type JsonSchema, type SchemaShape } from "../contract/shapes.ts";
import type { Components } from "./openapi-components.ts";
import { without } from "./openapi-input.ts";
import type { Route } from "./router.ts";

/** The declared status, and those that a field of the output chooses. */
export function statusesOf({ status, method }: Route): Set<number> {
  return new Set([status, ...Object.values(method.http?.reply?.status?.is ?? {})]);
}

/** What a reply's fields become: headers of their own, and one `Set-Cookie` for all cookies. */
export function replyHeaders(reply: HttpReply | undefined, shape: SchemaShape, components: Components): object {
  const headers: Record<string, object> = {};
  for (const [name, field] of Object.entries(reply?.headers ?? {})) {
    headers[name] = { schema: components.inline(fieldShape(shape, field)?.json ?? { type: "string" }) };
  }
  const cookies = Object.keys(reply?.cookies ?? {});
  if (cookies.length > 0) {
    headers["Set-Cookie"] = { description: `Sets or clears ${cookies.join(", ")}`, schema: { type: "string" } };
  }
  return headers;
}

/** The schema of what stays in the body. A named schema loses its name with its fields. */
export function leftForBody(json: JsonSchema, fields: readonly string[]): JsonSchema {
  if (fields.length === 0) return json;
  const { title: _, $id: __, ...rest } = without(json, new Set(fields), json, 0);
  return rest;
}
