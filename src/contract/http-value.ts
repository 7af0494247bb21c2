/**
 * Owns the ways between HTTP's strings and JSON on one side and the value set on the other, led by a described schema.
 * It must never validate: what cannot be converted is left as it came, so that the schema's own message explains it.
 */
import { copyValue, ValueSetError } from "../core/index.ts";
import type { JsonSchema } from "./internal/marks.ts";
import { allowsFixed, fieldSchemas, hasType, matching, partsOf } from "./internal/schema-parts.ts";
import type { SchemaShape } from "./json-schema.ts";

/** Deeper values are refused (`toJson`) or left alone (`fromJson`); the call layer refuses them too. */
const depthMax = 64;
const digitsMax = 4096;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;
const instantText = /^(?:\d{4}|[+-]\d{6})-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/i;
const base64Text = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * The shape of one field of an input, for path parameters, the query and headers; undefined when the input has no such
 * field. Complete in itself: references still resolve.
 * @since 0.1.0
 */
export function fieldShape(shape: SchemaShape, name: string): SchemaShape | undefined {
  const found = fieldSchemas(partsOf([shape.json], shape.json), name).filter((field) => typeof field === "object");
  const [first] = found;
  if (first === undefined) return undefined;
  const json: JsonSchema = found.length === 1 ? first : { anyOf: found };
  const { $defs } = shape.json;
  const opaque = json["x-skein"] === "self-describing";
  return { json: $defs === undefined ? json : { ...json, $defs }, outside: [], opaque, note: undefined };
}

/**
 * Every name that an input declares as a field, in any of its alternatives; undefined when it cannot be known (an
 * opaque input, or one that takes any key).
 * @since 0.1.0
 */
export function fieldNames(shape: SchemaShape): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const part of partsOf([shape.json], shape.json)) {
    if (part["x-skein"] === "self-describing") return undefined;
    if (part.additionalProperties === true || typeof part.additionalProperties === "object") return undefined;
    if (hasType(part, "object") && part.properties === undefined) return undefined;
    for (const name of Object.keys(part.properties ?? {})) names.add(name);
  }
  return names;
}

/**
 * The value of a path parameter, header or query parameter (a list when its name is repeated), by JSON Schema type only.
 * Numbers as JSON writes them, `true` and `false`, instants as RFC 3339, bigints as digits, bytes as base64; a lone text
 * becomes a list where only a list is expected. A text stays a text where the schema takes one, and where nothing fits.
 * @since 0.1.0
 */
export function fromStrings(shape: SchemaShape, given: string | readonly string[]): unknown {
  const parts = partsOf([shape.json], shape.json);
  const lists = parts.filter((part) => hasType(part, "array"));
  if (typeof given !== "string") {
    if (lists.length > 0) return given.map((text, i) => itemFrom(lists, i, text, shape.json));
    return given.length === 1 ? fromStrings(shape, given[0] as string) : [...given];
  }
  if (lists.length > 0 && parts.every((part) => hasType(part, "array") || part.type === "null"))
    return [itemFrom(lists, 0, given, shape.json)];
  return scalarFrom(parts, given);
}

/**
 * Turns the strings that a described schema takes as instants, bigints or bytes into them, inside a value that
 * `JSON.parse` made, in place; the result is the value itself unless it is such a string. At most 64 levels deep.
 * @since 0.1.0
 */
export function fromJson(shape: SchemaShape, value: unknown): unknown {
  return hasSlots(shape.json) ? revive([shape.json], value, shape.json, 0) : value;
}

/**
 * A value of the value set as JSON takes it: instants as ISO 8601 text, bigints as digits, bytes as base64. The value
 * itself when it has none of them; it is never changed. Throws `ValueSetError` for anything outside the value set.
 * @since 0.1.0
 */
export function toJson(value: unknown): unknown {
  // Most replies are JSON already; finding that out needs neither a path to every value nor a list of every key.
  return value === undefined || isJson(value, 0) ? value : plain(value, "$", 0);
}

/**
 * The JSON text of a value of the value set, as `toJson` gives it; `undefined` for `undefined`. Throws `ValueSetError` for
 * anything that a copy would refuse.
 * @since 0.1.0
 */
export function toJsonText(value: unknown): string | undefined {
  // What a copy would keep as it is and the engine writes as it is needs neither a copy nor a second walk.
  if (value === undefined || isOwnJson(value, 0, { containers: containersMax })) return JSON.stringify(value);
  return JSON.stringify(toJson(copyValue(value)));
}

function itemFrom(lists: readonly JsonSchema[], index: number, text: string, root: JsonSchema): unknown {
  return scalarFrom(partsOf(itemSchemas(lists, index), root), text);
}

function itemSchemas(lists: readonly JsonSchema[], index: number): (JsonSchema | boolean)[] {
  const found: (JsonSchema | boolean)[] = [];
  for (const list of lists) found.push(list.prefixItems?.[index] ?? list.items ?? true);
  return found;
}

function scalarFrom(parts: readonly JsonSchema[], text: string): unknown {
  if (takesText(parts, text)) return text;
  for (const part of parts) {
    const value = fromSlot(part, text) ?? fromType(part, text);
    if (value !== undefined && (part["x-skein"] !== undefined || allowsFixed(part, value))) return value;
  }
  return text;
}

/** Whether some alternative takes this text as a text. */
function takesText(parts: readonly JsonSchema[], text: string): boolean {
  return parts.some((part) => {
    if (part["x-skein"] !== undefined) return part["x-skein"] === "self-describing";
    if (part.type === undefined) return (part.const ?? part.enum) !== undefined && allowsFixed(part, text);
    return hasType(part, "string") && allowsFixed(part, text);
  });
}

function fromType(part: JsonSchema, text: string): unknown {
  const types = part.type ?? fixedTypes(part);
  const has = (type: string) => (typeof types === "string" ? types === type : types.includes(type));
  if ((has("number") || has("integer")) && jsonNumber.test(text)) {
    const number = Number(text);
    // A whole number that a double cannot hold would silently become another one.
    if (Number.isFinite(number) && (!/^-?\d+$/.test(text) || Number.isSafeInteger(number))) return number;
  }
  if (has("boolean") && (text === "true" || text === "false")) return text === "true";
  return undefined;
}

/** Libraries may leave `type` out where `const` or `enum` says it. */
function fixedTypes(part: JsonSchema): readonly string[] {
  return [...("const" in part ? [part.const] : []), ...(part.enum ?? [])].map((value) => typeof value);
}

function fromSlot(part: JsonSchema, text: string): unknown {
  switch (part["x-skein"]) {
    case "instant":
      return instantFrom(text);
    case "bigint":
      return text.length <= digitsMax && /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case "bytes":
      return bytesFrom(text);
    default:
      return undefined;
  }
}

function instantFrom(text: string): Date | undefined {
  if (!instantText.test(text)) return undefined;
  // The engine takes 30 February for 2 March; a day that does not exist is left for the validator to refuse.
  const day = text.slice(0, text.search(/T/i));
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined;
  const instant = new Date(text);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

function bytesFrom(text: string): Uint8Array | undefined {
  if (!base64Text.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function revive(schemas: readonly (JsonSchema | boolean)[], value: unknown, root: JsonSchema, depth: number): unknown {
  if (depth > depthMax || schemas.length === 0) return value;
  if (typeof value === "string") {
    const parts = partsOf(schemas, root);
    if (takesText(parts, value)) return value;
    for (const part of parts) {
      const revived = fromSlot(part, value);
      if (revived !== undefined) return revived;
    }
    return value;
  }
  if (typeof value !== "object" || value === null) return value;
  const parts = partsOf(schemas, root);
  if (Array.isArray(value)) {
    const lists = parts.filter((part) => hasType(part, "array"));
    for (let i = 0; i < value.length; i++) value[i] = revive(itemSchemas(lists, i), value[i], root, depth + 1);
    return value;
  }
  const fields = value as Record<string, unknown>;
  const alternatives = matching(parts, fields, root);
  for (const key of Object.keys(fields)) {
    const before = fields[key];
    const after = revive(fieldSchemas(alternatives, key), before, root, depth + 1);
    // The key is its own already, so this cannot reach a setter of the prototype.
    if (after !== before) fields[key] = after;
  }
  return value;
}

const slots = new WeakMap<JsonSchema, boolean>();

/** Most bodies have nothing to revive, and are then not walked at all. */
function hasSlots(json: JsonSchema): boolean {
  let known = slots.get(json);
  if (known === undefined) {
    known = /"x-skein":"(?:instant|bigint|bytes)"/.test(JSON.stringify(json));
    slots.set(json, known);
  }
  return known;
}

/** True only for what `plain` gives back as it came; whatever is doubtful is left to it. */
function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      return value === null || (depth <= depthMax && isJsonObject(value, depth));
    default:
      return false;
  }
}

function isJsonObject(value: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value)) {
    for (const item of value as unknown[]) if (!isJson(item, depth + 1)) return false;
    return true;
  }
  if (prototype !== Object.prototype) return false;
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    const field = fields[key];
    if (field !== undefined && !isJson(field, depth + 1)) return false;
  }
  return true;
}

/** Objects and lists of a reply that are looked at here; a copy counts the rest, with the limit that refuses. */
const containersMax = 10_000;

/** True only for what is the same copied or not, and JSON: whatever is doubtful is left to the copy. */
function isOwnJson(value: unknown, depth: number, budget: { containers: number }): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      return value === null || (depth <= depthMax && --budget.containers >= 0 && isOwnObject(value, depth, budget));
    default:
      return false;
  }
}

function isOwnObject(value: object, depth: number, budget: { containers: number }): boolean {
  // The engine would ask it for another value than it has; a copy has none.
  if ((value as { toJSON?: unknown }).toJSON !== undefined) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value)) {
    for (const item of value as unknown[]) if (!isOwnJson(item, depth + 1, budget)) return false;
    return true;
  }
  if (prototype !== Object.prototype) return false;
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    // A copy refuses these.
    if (key === "__proto__" || key === "constructor" || key === "prototype") return false;
    const field = fields[key];
    if (typeof field !== "string" && field !== undefined && !isOwnJson(field, depth + 1, budget)) return false;
  }
  return true;
}

function plain(value: unknown, path: string, depth: number): unknown {
  if (depth > depthMax) throw new ValueSetError(path, `more than ${depthMax} levels`);
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new ValueSetError(path, String(value));
      return value;
    case "bigint":
      return value.toString();
    case "object":
      return value === null ? null : plainObject(value, path, depth);
    default:
      throw new ValueSetError(path, typeof value);
  }
}

function plainObject(value: object, path: string, depth: number): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const item = plain(value[i], `${path}[${i}]`, depth + 1);
      if (item !== value[i]) (copy ??= [...(value as unknown[])])[i] = item;
    }
    return copy ?? value;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new ValueSetError(path, "invalid Date");
    return value.toISOString();
  }
  if (value instanceof Uint8Array) return toBase64(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new ValueSetError(path, value.constructor?.name ?? "object");
  let copy: Record<string, unknown> | undefined;
  for (const [key, before] of Object.entries(value)) {
    if (before === undefined) continue;
    const after = plain(before, `${path}.${key}`, depth + 1);
    if (after !== before) (copy ??= { ...(value as Record<string, unknown>) })[key] = after;
  }
  return copy ?? value;
}

/** In pieces, because one call cannot take megabytes of arguments. */
const pieceBytes = 8192;

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += pieceBytes)
    binary += String.fromCharCode(...bytes.subarray(at, at + pieceBytes));
  return btoa(binary);
}
