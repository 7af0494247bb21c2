/**
 * Owns knowing, without Zod, what Zod would make of a value: for the plain parts of its schemas, put together once. It must
 * never say so of anything else, never refuse a value, and never import Zod: it reads the documented `_zod.def`.
 */
import type { Schema } from "../schema.ts";
import { type Bounds, leaf, listOf, mapOf, never, nullableOf, type Plain, recordOf, unsure } from "./plain.ts";

interface Def {
  readonly type?: string;
  readonly check?: string;
  readonly checks?: readonly { readonly _zod: { readonly def: Def } }[];
  readonly coerce?: unknown;
  readonly [key: string]: unknown;
}

type ZodType = Schema & { readonly _zod: { readonly def: Def; readonly traits: ReadonlySet<string> } };

/** Schemas deeper than this are Zod's. */
const levelsMax = 16;

/** What is known of a schema; read at the first value, since it may refer to one that is declared later. */
export class PlainParser {
  readonly #schema: Schema;
  #plain: Plain | undefined = undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** What Zod would make of a value, which stays as it is, or {@link unsure}. */
  make(value: unknown): unknown {
    return (this.#plain ??= plainOf(this.#schema)).make(value);
  }

  /** The same of a structural copy that nobody else has, or what was just decoded: itself, where nothing changes. */
  take(value: unknown): unknown {
    const plain = (this.#plain ??= plainOf(this.#schema));
    return plain.keeps(value) ? value : plain.make(value);
  }
}

function plainOf(schema: Schema): Plain {
  try {
    return isZod(schema) ? (new Reading().native(schema, 0) ?? never) : never;
  } catch {
    // The getter of a field may throw; Zod says how.
    return never;
  }
}

/** Somebody's own kind of schema may do anything. */
function isZod(schema: unknown): schema is ZodType {
  const inner = (schema as Partial<ZodType> | undefined)?._zod;
  if (inner === undefined || (schema as Schema)["~standard"]?.vendor !== "zod") return false;
  return inner.traits instanceof Set && [...inner.traits].every((name) => /^\$?_?Zod/.test(String(name)));
}

/** One schema and all of its parts. Each is read once; one that contains itself is Zod's. */
class Reading {
  readonly #plain = new Map<ZodType, Plain | undefined>();
  readonly #pure = new Map<ZodType, boolean>();

  #of(schema: unknown, level: number): Plain | undefined {
    if (!isZod(schema) || level > levelsMax) return undefined;
    if (this.#plain.has(schema)) return this.#plain.get(schema);
    this.#plain.set(schema, undefined);
    const plain = this.native(schema, level) ?? (this.#isPure(schema, level) ? askedOf(schema) : undefined);
    this.#plain.set(schema, plain);
    return plain;
  }

  native({ _zod: { def } }: ZodType, level: number): Plain | undefined {
    const checks = checksOf(def);
    if (def.coerce === true) return undefined;
    if (def.type === "string") return textOf(checks);
    if (def.type === "number") return numberOf(checks);
    if (def.type === "array") return this.#list(def, checks, level);
    if (checks.length > 0) return undefined;
    switch (def.type) {
      case "boolean":
        return leaf((value) => typeof value === "boolean");
      case "bigint":
        return leaf((value) => typeof value === "bigint");
      case "date":
        return leaf((value) => value instanceof Date && !Number.isNaN(value.getTime()));
      case "null":
        return leaf((value) => value === null);
      case "any":
      case "unknown":
        return leaf((value) => value !== undefined);
      case "enum":
        return choiceOf(Object.values(def["entries"] as object));
      case "literal":
        return choiceOf(def["values"] as readonly unknown[]);
      case "nullable":
        return this.#nullable(def, level);
      case "optional":
        // That it may be absent is for the object around it to know.
        return this.#of(def["innerType"], level + 1);
      case "object":
        return this.#object(def, level);
      case "record":
        return this.#map(def, level);
      case "union":
        return this.#tagged(def, level);
      default:
        return undefined;
    }
  }

  #list(def: Def, checks: readonly Def[], level: number): Plain | undefined {
    const item = this.#of(def["element"], level + 1);
    const bounds = boundsOf(checks);
    return item && bounds && listOf(item, bounds);
  }

  #nullable(def: Def, level: number): Plain | undefined {
    const inner = this.#of(def["innerType"], level + 1);
    return inner && nullableOf(inner);
  }

  #object(def: Def, level: number): Plain | undefined {
    const isStrict = isNever(def["catchall"]);
    if (def["catchall"] !== undefined && !isStrict) return undefined;
    const shape = shapeOf(def);
    const names = Object.keys(shape);
    if (Object.getOwnPropertySymbols(shape).length > 0 || names.includes("__proto__")) return undefined;
    const fields: Plain[] = [];
    for (const name of names) {
      const field = this.#of(shape[name], level + 1);
      if (field === undefined) return undefined;
      fields.push(field);
    }
    const mayLack = names.map((name) => shape[name]?._zod.def.type === "optional");
    return recordOf(names, fields, mayLack, isStrict ? new Set(names) : undefined);
  }

  #map(def: Def, level: number): Plain | undefined {
    const key = def["keyType"];
    const isAnyText = isZod(key) && key._zod.def.type === "string" && checksOf(key._zod.def).length === 0;
    if (!isAnyText || key._zod.def.coerce === true || def["mode"] === "loose") return undefined;
    const value = this.#of(def["valueType"], level + 1);
    return value && mapOf(value);
  }

  /** A union of objects that one field of fixed texts tells apart. */
  #tagged(def: Def, level: number): Plain | undefined {
    const { discriminator: tag, options } = def;
    if (typeof tag !== "string" || !Array.isArray(options)) return undefined;
    const byTag = new Map<unknown, Plain>();
    for (const option of options as readonly unknown[]) {
      const plain = this.#of(option, level + 1);
      if (plain === undefined || !isZod(option) || option._zod.def.type !== "object") return undefined;
      const fixed = shapeOf(option._zod.def)[tag]?._zod.def;
      if (fixed?.type !== "literal") return undefined;
      for (const value of fixed["values"] as readonly unknown[]) {
        if (byTag.has(value)) return undefined;
        byTag.set(value, plain);
      }
    }
    const optionOf = (value: unknown): Plain =>
      (typeof value === "object" && value !== null && byTag.get((value as Record<string, unknown>)[tag])) || never;
    return { make: (value) => optionOf(value).make(value), keeps: (value) => optionOf(value).keeps(value) };
  }

  /**
   * Whether it runs nothing of its user's, which would run twice where Zod is asked for the whole after all: all that it
   * does is told by its types and checks.
   */
  #isPure(schema: unknown, level: number): boolean {
    if (!isZod(schema) || level > levelsMax) return false;
    const known = this.#pure.get(schema);
    if (known !== undefined) return known;
    this.#pure.set(schema, false);
    const { def } = schema._zod;
    const isPure =
      def.coerce !== true &&
      checksOf(def).every(isPureCheck) &&
      (pureTypes.has(def.type) || (insideOf(def)?.every((part) => this.#isPure(part, level + 1)) ?? false));
    this.#pure.set(schema, isPure);
    return isPure;
  }
}

function shapeOf(def: Def): Readonly<Record<string, ZodType>> {
  return def["shape"] as Readonly<Record<string, ZodType>>;
}

function isNever(schema: unknown): boolean {
  return isZod(schema) && schema._zod.def.type === "never" && checksOf(schema._zod.def).length === 0;
}

/** A format is a schema and its own first check. */
function checksOf(def: Def): readonly Def[] {
  const others = def.checks?.map(({ _zod }) => _zod.def) ?? [];
  return def.check === undefined ? others : [def, ...others];
}

/** Bounds of a length, where each check is one. */
function boundsOf(checks: readonly Def[]): Bounds | undefined {
  let least = 0;
  let most = Infinity;
  for (const { check, minimum, maximum } of checks) {
    if (check === "min_length" && typeof minimum === "number") least = Math.max(least, minimum);
    else if (check === "max_length" && typeof maximum === "number") most = Math.min(most, maximum);
    else return undefined;
  }
  return { least, most };
}

function choiceOf(values: readonly unknown[]): Plain | undefined {
  if (!values.every((value) => typeof value === "string")) return undefined;
  const known = new Set<unknown>(values);
  return leaf((value) => known.has(value));
}

function textOf(checks: readonly Def[]): Plain | undefined {
  const bounds = boundsOf(checks);
  if (bounds === undefined) return undefined;
  const { least, most } = bounds;
  // Zod counts code points, or UTF-16 units in some versions, of which a code point has one or two.
  return leaf((value) => typeof value === "string" && value.length <= most && Math.ceil(value.length / 2) >= least);
}

function numberOf(checks: readonly Def[]): Plain | undefined {
  const holds: ((value: number) => boolean)[] = [];
  for (const check of checks) {
    const one = numberCheckOf(check);
    if (one === undefined) return undefined;
    holds.push(one);
  }
  return leaf((value) => {
    if (typeof value !== "number" || value - value !== 0) return false;
    for (let i = 0; i < holds.length; i++) if (!(holds[i] as (value: number) => boolean)(value)) return false;
    return true;
  });
}

function numberCheckOf({ check, format, inclusive, value: limit }: Def): ((value: number) => boolean) | undefined {
  if (check === "number_format") return format === "safeint" ? Number.isSafeInteger : undefined;
  if (typeof limit !== "number") return undefined;
  if (check === "less_than") return inclusive === true ? (value) => value <= limit : (value) => value < limit;
  if (check === "greater_than") return inclusive === true ? (value) => value >= limit : (value) => value > limit;
  return undefined;
}

/** Zod itself, asked for a part: what it does not take is for it to say of the whole. */
function askedOf(schema: ZodType): Plain {
  const standard = schema["~standard"];
  const make = (value: unknown): unknown => {
    const result = standard.validate(value);
    if (result instanceof Promise || result.issues !== undefined || result.value === undefined) return unsure;
    return result.value;
  };
  // What it makes of an object is its own to say, and not looked through for what has changed.
  return { make, keeps: (value) => typeof value !== "object" && Object.is(make(value), value) };
}

const pureTypes: ReadonlySet<string | undefined> = new Set([
  "string",
  "number",
  "boolean",
  "bigint",
  "null",
  "undefined",
  "void",
  "any",
  "unknown",
  "never",
  "date",
  "enum",
  "literal",
]);

const pureChecks: ReadonlySet<string | undefined> = new Set([
  "less_than",
  "greater_than",
  "multiple_of",
  "number_format",
  "bigint_format",
  "min_length",
  "max_length",
  "length_equals",
]);

function isPureCheck({ check, fn }: Def): boolean {
  return pureChecks.has(check) || (check === "string_format" && fn === undefined);
}

/** The parts of a schema that has nothing else. */
function insideOf(def: Def): readonly unknown[] | undefined {
  switch (def.type) {
    case "nullable":
    case "optional":
      return [def["innerType"]];
    case "array":
      return [def["element"]];
    case "union":
      return def["options"] as readonly unknown[];
    case "record":
      return [def["keyType"], def["valueType"]];
    case "object":
      return [...Object.values(shapeOf(def)), ...(def["catchall"] === undefined ? [] : [def["catchall"]])];
    default:
      return undefined;
  }
}
