/**
 * Owns looking into a described schema: its alternatives, the schema of one field, following references. It must never
 * change a schema; every walk is bounded, because a schema may refer to itself.
 */
import type { JsonSchema } from "./marks.ts";
import { defName } from "./normalise-shape.ts";

/** Alternatives of one place at most; the rest of a wider union is not looked at. */
const partsMax = 256;

/** The alternatives that hold at one place, with references, unions and intersections opened. */
export function partsOf(schemas: readonly (JsonSchema | boolean)[], root: JsonSchema): JsonSchema[] {
  const parts: JsonSchema[] = [];
  const seen = new Set<JsonSchema>();
  const todo = [...schemas].toReversed();
  while (todo.length > 0 && seen.size < partsMax) {
    const schema = todo.pop();
    if (typeof schema !== "object" || seen.has(schema)) continue;
    seen.add(schema);
    const name = defName(schema.$ref);
    const target =
      name !== undefined && root.$defs !== undefined && Object.hasOwn(root.$defs, name) ? root.$defs[name] : undefined;
    const inner = [target, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].filter(
      (part) => part !== undefined,
    );
    todo.push(...inner.toReversed());
    // A union may carry keywords of its own beside its branches.
    if (inner.length === 0 || schema.type !== undefined || schema.properties !== undefined) parts.push(schema);
  }
  return parts;
}

export function hasType(schema: JsonSchema, type: string): boolean {
  return typeof schema.type === "string" ? schema.type === type : (schema.type?.includes(type) ?? false);
}

/** The schemas of field `name` in these alternatives; a field that is declared beats `additionalProperties`. */
export function fieldSchemas(parts: readonly JsonSchema[], name: string): (JsonSchema | boolean)[] {
  const declared: JsonSchema[] = [];
  const others: (JsonSchema | boolean)[] = [];
  for (const part of parts) {
    const field =
      part.properties !== undefined && Object.hasOwn(part.properties, name) ? part.properties[name] : undefined;
    if (field !== undefined) declared.push(field);
    else if (typeof part.additionalProperties === "object") others.push(part.additionalProperties);
  }
  return declared.length > 0 ? declared : others;
}

/** The alternatives of an object that its fixed fields allow: `{ kind: "a" }` is not the alternative whose kind is "b". */
export function matching(
  parts: readonly JsonSchema[],
  value: Readonly<Record<string, unknown>>,
  root: JsonSchema,
): readonly JsonSchema[] {
  if (parts.length < 2) return parts;
  const kept = parts.filter((part) => mayBe(part, value, root));
  return kept.length === 0 ? parts : kept;
}

function mayBe(part: JsonSchema, value: Readonly<Record<string, unknown>>, root: JsonSchema): boolean {
  for (const name of part.required ?? []) if (!Object.hasOwn(value, name)) return false;
  for (const [name, field] of Object.entries(part.properties ?? {})) {
    if (!Object.hasOwn(value, name)) continue;
    const fixed = partsOf([field], root);
    if (fixed.length > 0 && fixed.every((one) => !allowsFixed(one, value[name]))) return false;
  }
  return true;
}

/** False only when `const` or `enum` rules the value out; the text of a bigint counts as what it will become. */
export function allowsFixed(schema: JsonSchema, value: unknown): boolean {
  if ("const" in schema) return schema.const === value;
  return schema.enum === undefined || schema.enum.includes(value);
}
