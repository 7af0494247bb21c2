/**
 * Owns the words that Skein adds to JSON Schema, and the private marks its readers of schema libraries leave for
 * `normalise`. It must never know a library.
 */

/** How a value that JSON has no word for travels as a string, or that nothing is known about it. */
export type Slot = "instant" | "bigint" | "bytes" | "nothing" | "self-describing";

/** A JSON Schema object, draft 2020-12; a subschema may also be `true` or `false`. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly "x-skein"?: Slot;
  readonly [keyword: string]: unknown;
}

/** Says what is there that cannot cross; replaced by a self-describing slot. */
export const outsideMark = "x-skein-outside";
/** The value can only be `undefined`. */
export const absentMark = "x-skein-absent";
/** The value may also be `undefined`, which is fine for a property and not for an item. */
export const maybeMark = "x-skein-maybe";

/** The few shapes of Skein's own. */
export const shapes = {
  instant: { type: "string", format: "date-time", "x-skein": "instant" },
  bigint: { type: "string", pattern: "^-?\\d+$", "x-skein": "bigint" },
  bytes: { type: "string", contentEncoding: "base64", "x-skein": "bytes" },
  nothing: { type: "null", "x-skein": "nothing" },
  selfDescribing: { "x-skein": "self-describing" },
  absent: { [absentMark]: true },
} as const satisfies Record<string, JsonSchema>;

export function outside(found: string): JsonSchema {
  return { [outsideMark]: found };
}

/** The shape of instances of a class: only dates and bytes are in the value set. */
export function ofClass(constructor: unknown): JsonSchema {
  if (constructor === Date) return shapes.instant;
  if (constructor === Uint8Array) return shapes.bytes;
  return outside((constructor as { readonly name?: string } | undefined)?.name || "an instance of a class");
}

/** The shape of fixed values; undefined when JSON Schema's own `const` and `enum` say it already. */
export function ofLiterals(values: readonly unknown[]): JsonSchema | undefined {
  const odd = values.filter((value) => !isJsonLiteral(value));
  if (odd.length === 0) return undefined;
  const unsupported = odd.find((value) => typeof value !== "bigint" && value !== undefined);
  if (unsupported !== undefined)
    return outside(typeof unsupported === "number" ? String(unsupported) : typeof unsupported);
  const bigints = values.filter((value) => typeof value === "bigint").map(String);
  const plain = values.filter(isJsonLiteral);
  const branches: JsonSchema[] = [];
  if (bigints.length > 0) branches.push({ ...shapes.bigint, enum: bigints });
  if (plain.length > 0) branches.push({ enum: plain });
  if (values.includes(undefined)) branches.push(shapes.absent);
  return branches.length === 1 ? branches[0] : { anyOf: branches };
}

function isJsonLiteral(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return value === null || typeof value === "string" || typeof value === "boolean";
}

/** Replaces everything an object says but its description. */
export function become(target: Record<string, unknown>, shape: JsonSchema): void {
  for (const key of Object.keys(target)) if (!annotations.has(key)) delete target[key];
  Object.assign(target, shape);
}

/** Keywords that describe and do not constrain. */
export const annotations: ReadonlySet<string> = new Set([
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$schema",
  "$id",
  "$comment",
  "$defs",
  maybeMark,
]);

/** Thrown when an optional converter is not installed. */
export class MissingConverter extends Error {}

export function isMissing(error: unknown): boolean {
  return error instanceof MissingConverter;
}
