/**
 * Owns the layout of a value on the wire: a described schema reduced to what decides where each byte goes. Two schemas
 * with the same layout speak the same bytes, whatever else they check. It must never know a value.
 */
import { createHash } from "node:crypto";
import type { JsonSchema, SchemaShape } from "../../contract/shapes.ts";

/** Where the bytes of a value go. Pure data: it is what peers send each other about their shapes. */
export type Layout =
  | { readonly is: "nothing" | "boolean" | "integer" | "number" | "string" | "bigint" | "instant" | "bytes" | "any" }
  /** One of these texts, as its index. */
  | { readonly is: "enum"; readonly of: readonly string[] }
  | { readonly is: "nullable"; readonly of: Layout }
  | { readonly is: "list"; readonly of: Layout }
  /** Any keys, one layout for their values. */
  | { readonly is: "map"; readonly of: Layout }
  /** Fixed fields, in this order: first those that must be there, then those that may. */
  | { readonly is: "record"; readonly fields: readonly Field[]; readonly required: number };

export interface Field {
  readonly name: string;
  readonly of: Layout;
}

/** A layout that refers to itself or is deeper is left self-describing from there on. */
const levelsMax = 16;
/** And so is what has more parts: a peer must read a layout before it reads a value. */
const partsMax = 2_000;

const any: Layout = Object.freeze({ is: "any" });

/** The layout of a described schema; what JSON Schema cannot say, and what is a choice, is a self-describing slot. */
export function layoutOf(shape: SchemaShape): Layout {
  return new Reduction(shape.json).of(shape.json, 0);
}

/** Equal for equal layouts: 128 bits of SHA-256 over the layout's text. */
export function layoutHash(layout: Layout): string {
  return createHash("sha256").update(JSON.stringify(layout)).digest("base64url").slice(0, 22);
}

class Reduction {
  readonly #root: JsonSchema;
  #parts = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  of(given: JsonSchema | boolean | undefined, level: number): Layout {
    if (typeof given !== "object" || level > levelsMax || ++this.#parts > partsMax) return any;
    const schema = this.#resolved(given);
    if (schema === undefined) return any;
    const slot = schema["x-skein"];
    if (slot !== undefined) return slot === "self-describing" || (slot === "nothing" && level > 0) ? any : { is: slot };
    if (schema.allOf !== undefined) return any;
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices !== undefined) return this.#nullable(choices, level);
    if (Array.isArray(schema.type)) return this.#typeList(schema, schema.type as readonly string[], level);
    return this.#single(schema, level);
  }

  #single(schema: JsonSchema, level: number): Layout {
    const fixed = "const" in schema ? [schema.const] : schema.enum;
    if (fixed !== undefined) {
      const texts = fixed.filter((value) => typeof value === "string");
      return texts.length === fixed.length && texts.length > 0 ? { is: "enum", of: texts } : any;
    }
    switch (schema.type) {
      case "boolean":
      case "integer":
      case "number":
      case "string":
        return { is: schema.type };
      case "array":
        return schema.prefixItems === undefined && typeof schema.items === "object"
          ? { is: "list", of: this.of(schema.items, level + 1) }
          : any;
      case "object":
        return this.#object(schema, level);
      default:
        return any;
    }
  }

  #object(schema: JsonSchema, level: number): Layout {
    const { properties, additionalProperties: others } = schema;
    if (schema.patternProperties !== undefined) return any;
    if (properties === undefined) return { is: "map", of: this.of(others, level + 1) };
    // A record that takes other keys too would misfit at every value that has one.
    if (others === true || (typeof others === "object" && Object.keys(others).length > 0)) return any;
    const required = new Set(schema.required);
    const fields = Object.entries(properties).map(([name, field]) => ({ name, of: this.of(field, level + 1) }));
    const must = fields.filter(({ name }) => required.has(name));
    return {
      is: "record",
      fields: [...must, ...fields.filter(({ name }) => !required.has(name))],
      required: must.length,
    };
  }

  #nullable(choices: readonly JsonSchema[], level: number): Layout {
    const rest = choices.filter((choice) => choice.type !== "null" || choice["x-skein"] !== undefined);
    const [only] = rest;
    if (rest.length !== 1 || choices.length !== 2 || only === undefined) return any;
    return nullableOf(this.of(only, level));
  }

  #typeList(schema: JsonSchema, types: readonly string[], level: number): Layout {
    const rest = types.filter((type) => type !== "null");
    const [only] = rest;
    if (rest.length !== 1 || only === undefined || types.length > 2) return any;
    if ("const" in schema || schema.enum !== undefined) return any;
    const inner = this.of({ ...schema, type: only }, level);
    return types.length === 1 ? inner : nullableOf(inner);
  }

  #resolved(schema: JsonSchema): JsonSchema | undefined {
    if (schema.$ref === undefined) return schema;
    const name = /^#\/\$defs\/([^/]+)$/.exec(schema.$ref)?.[1];
    const defs = this.#root.$defs;
    if (name === undefined || defs === undefined) return undefined;
    const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    return Object.hasOwn(defs, key) ? this.#resolved(defs[key] as JsonSchema) : undefined;
  }
}

function nullableOf(layout: Layout): Layout {
  // A self-describing slot says null by itself; so does a nullable.
  return layout.is === "any" || layout.is === "nullable" || layout.is === "nothing"
    ? layout
    : { is: "nullable", of: layout };
}

/**
 * The layout that a peer sent, and nothing else that it sent with it; `undefined` when it is none, or has more levels and
 * parts than this side would make.
 */
export function toLayout(value: unknown): Layout | undefined {
  return toPart(value, 0, { left: partsMax * 2 });
}

function toPart(value: unknown, level: number, budget: { left: number }): Layout | undefined {
  if (typeof value !== "object" || value === null || level > levelsMax * 2 || --budget.left < 0) return undefined;
  const { is, of, fields, required } = value as Record<"is" | "of" | "fields" | "required", unknown>;
  switch (is) {
    case "nothing":
      // No value at all is no part of one: a list of it would be made of nothing, a million at a time.
      return level === 0 ? { is } : undefined;
    case "boolean":
    case "integer":
    case "number":
    case "string":
    case "bigint":
    case "instant":
    case "bytes":
    case "any":
      return { is };
    case "enum":
      return Array.isArray(of) && of.length > 0 && of.every(isText) ? { is, of } : undefined;
    case "nullable":
    case "list":
    case "map": {
      const inner = toPart(of, level + 1, budget);
      return inner && { is, of: inner };
    }
    case "record":
      return Array.isArray(fields) ? toRecord(fields, required, level, budget) : undefined;
    default:
      return undefined;
  }
}

function toRecord(
  given: readonly unknown[],
  required: unknown,
  level: number,
  budget: { left: number },
): Layout | undefined {
  if (typeof required !== "number" || !Number.isInteger(required) || required < 0 || required > given.length)
    return undefined;
  const fields: Field[] = [];
  const names = new Set<string>();
  for (const field of given as readonly (Partial<Record<keyof Field, unknown>> | null)[]) {
    const name = field?.name;
    if (!isText(name) || refused.has(name) || names.has(name)) return undefined;
    names.add(name);
    const of = toPart(field?.of, level + 1, budget);
    if (of === undefined) return undefined;
    fields.push({ name, of });
  }
  return { is: "record", fields, required };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

const refused = new Set(["__proto__", "constructor", "prototype"]);
