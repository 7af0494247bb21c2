/**
 * Owns turning what a library's converter gave into Skein's shape: marks become slots or findings with a path, unknown
 * parts become self-describing slots, references are kept. It must never know a library.
 */
import { absentMark, annotations, type JsonSchema, maybeMark, outsideMark, shapes } from "./marks.ts";

/** Deeper nesting of schemas than any value may have is cut off as self-describing. */
const depthMax = 128;
/** Where a schema that refers to itself as `#` is kept, so that a part of it can be read without the whole. */
const rootDef = "__root";

export interface Found {
  readonly path: string;
  readonly found: string;
}

type Place = "root" | "property" | "item";
type Raw = Readonly<Record<string, unknown>>;

interface Work {
  readonly raw: Raw;
  readonly defs: Map<string, JsonSchema | boolean>;
  readonly outside: Map<string, Found>;
}

export function normalise(input: unknown): { readonly json: JsonSchema; readonly outside: readonly Found[] } {
  const root = isObject(input) ? input : {};
  const work: Work = { raw: isObject(root.$defs) ? root.$defs : {}, defs: new Map(), outside: new Map() };
  const body = walk(root, "$", "root", 0, work);
  const json = typeof body === "boolean" ? shapes.selfDescribing : body;
  if (work.defs.has(rootDef)) work.defs.set(rootDef, json);
  const defs = Object.fromEntries(work.defs);
  return {
    json: work.defs.size === 0 ? json : { ...json, $defs: defs as Record<string, JsonSchema> },
    outside: [...work.outside.values()],
  };
}

function walk(raw: unknown, path: string, place: Place, depth: number, work: Work): JsonSchema | boolean {
  if (typeof raw === "boolean") return raw;
  if (!isObject(raw) || depth > depthMax) return shapes.selfDescribing;
  if (place === "item" && (absentMark in raw || maybeMark in raw)) report(work, path, "undefined in an array");
  if (absentMark in raw) return place === "root" ? shapes.nothing : { not: {} };
  const found = raw[outsideMark];
  if (typeof found === "string") {
    report(work, path, found);
    return { ...only(raw, annotations), ...shapes.selfDescribing };
  }
  const json: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (key === maybeMark || key === "$schema" || key === "$defs") continue;
    define(json, key, keyword(key, value, raw, path, place, depth, work));
  }
  inlineLoneBranch(json);
  const isUnknown = Object.keys(json).every((key) => annotations.has(key));
  return isUnknown ? { ...json, ...shapes.selfDescribing } : json;
}

function keyword(
  key: string,
  value: unknown,
  raw: Raw,
  path: string,
  place: Place,
  depth: number,
  work: Work,
): unknown {
  const next = depth + 1;
  switch (key) {
    case "properties":
    case "patternProperties": {
      if (!isObject(value)) return value;
      const fields: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(value)) {
        const at = key === "properties" ? `${path}.${name}` : `${path}.*`;
        define(fields, name, walk(field, at, "property", next, work));
      }
      return fields;
    }
    case "additionalProperties":
      return walk(value, `${path}.*`, "property", next, work);
    case "items":
      return walk(value, `${path}[]`, "item", next, work);
    case "prefixItems": {
      if (!Array.isArray(value)) return value;
      const minItems = typeof raw.minItems === "number" ? raw.minItems : value.length;
      return value.map((item, i) => walk(item, `${path}[${i}]`, i < minItems ? "item" : "property", next, work));
    }
    case "anyOf":
    case "oneOf":
    case "allOf":
      return Array.isArray(value) ? branches(value, path, place, next, work) : value;
    case "$ref":
      return reference(value, path, place, next, work);
    case "default":
    case "examples":
    case "const":
    case "enum":
      return plain(value, 0);
    default:
      return value;
  }
}

/** A branch that is `undefined` is left out where a value may be absent: it adds no value that is seen. */
function branches(list: readonly unknown[], path: string, place: Place, depth: number, work: Work): unknown[] {
  const kept: unknown[] = [];
  for (const branch of list) {
    const isAbsent = isObject(branch) && absentMark in branch;
    if (isAbsent && place === "item") report(work, path, "undefined in an array");
    if (!isAbsent) kept.push(walk(branch, path, place, depth, work));
  }
  return kept.length === 0 ? [{ not: {} }] : kept;
}

function inlineLoneBranch(json: Record<string, unknown>): void {
  for (const key of ["anyOf", "oneOf"]) {
    const list = json[key];
    if (!Array.isArray(list) || list.length !== 1 || !isObject(list[0])) continue;
    const [branch] = list;
    if (Object.keys(branch).some((name) => name in json && !annotations.has(name))) continue;
    delete json[key];
    for (const [name, value] of Object.entries(branch)) if (!(name in json)) define(json, name, value);
  }
}

/** Follows a reference the first time it is met, with the path that led to it. */
function reference(value: unknown, path: string, place: Place, depth: number, work: Work): unknown {
  if (value === "#") {
    work.defs.set(rootDef, true);
    return `#/$defs/${rootDef}`;
  }
  const name = defName(value);
  if (name === undefined || work.defs.has(name) || !Object.hasOwn(work.raw, name)) return value;
  work.defs.set(name, true);
  work.defs.set(name, walk(work.raw[name], path, place, depth, work));
  return value;
}

/** The name in `#/$defs/<name>`, unescaped as a JSON Pointer is. */
export function defName(ref: unknown): string | undefined {
  if (typeof ref !== "string" || !ref.startsWith("#/$defs/")) return undefined;
  return ref.slice("#/$defs/".length).replaceAll("~1", "/").replaceAll("~0", "~");
}

/** Defaults and examples as JSON shows them; a converter hands over whatever the user wrote. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return depth > depthMax ? [] : value.map((item) => plain(item, depth + 1));
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  if (!isObject(value)) return typeof value === "function" || typeof value === "symbol" ? null : value;
  if (depth > depthMax) return {};
  const copy: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) if (field !== undefined) define(copy, key, plain(field, depth + 1));
  return copy;
}

function report(work: Work, path: string, found: string): void {
  work.outside.set(`${path} ${found}`, { path, found });
}

function only(raw: Raw, keys: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(raw).filter(([key]) => keys.has(key) && key !== maybeMark && key !== "$schema" && key !== "$defs"),
  );
}

/** A field named `__proto__` in a schema stays a field. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

function isObject(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
