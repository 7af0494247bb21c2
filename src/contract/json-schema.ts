/**
 * Owns the shape of a schema as JSON Schema: what OpenAPI shows, what coercion of strings reads, and what leaves the
 * value set. It must never import a schema library (Valibot's converter is asked for at run time) nor validate anything.
 */
import type { Schema } from "./schema.ts";
import { arktypeOptions } from "./internal/arktype-shape.ts";
import { isMissing, type JsonSchema, shapes } from "./internal/marks.ts";
import { normalise } from "./internal/normalise-shape.ts";
import { describeValibot } from "./internal/valibot-shape.ts";
import { zodOptions } from "./internal/zod-shape.ts";

export type { JsonSchema } from "./internal/marks.ts";

/** Which side of a schema: what is given to it, or what comes out of it. */
export type Side = "input" | "output";

/** A schema as far as it can be described. @since 0.1.0 */
export interface SchemaShape {
  /**
   * JSON Schema, draft 2020-12. Where JSON has no word for a value, `x-skein` says how it travels: `"instant"`,
   * `"bigint"`, `"bytes"` are strings, `"nothing"` is no value at all, `"self-describing"` is anything.
   */
  readonly json: JsonSchema;
  /** What the schema allows that cannot cross between services, with its path: `{ path: "$.items[].tags", found: "Set" }`. */
  readonly outside: ReadonlyArray<{ readonly path: string; readonly found: string }>;
  /** True when nothing at all is known about the value; parts that are unknown are self-describing slots in `json`. */
  readonly opaque: boolean;
  /** Why the schema could not be described and what to do, when its library did not describe it. */
  readonly note: string | undefined;
}

interface Converter {
  readonly input: (options: object) => unknown;
  readonly output: (options: object) => unknown;
}

/**
 * Describes one side of a schema: Zod and ArkType by Standard JSON Schema, Valibot by `@valibot/to-json-schema` when
 * that is installed. Never fails: what cannot be described is opaque and `note` says why.
 * @since 0.1.0
 */
export async function describeSchema(schema: Schema, side: Side): Promise<SchemaShape> {
  const standard = schema["~standard"];
  if (standard.vendor === "skein") return { json: shapes.nothing, outside: [], opaque: false, note: undefined };
  const converter = (standard as { readonly jsonSchema?: Converter }).jsonSchema;
  try {
    if (converter !== undefined) {
      const options = { target: "draft-2020-12", libraryOptions: optionsFor(standard.vendor) };
      return toShape(side === "input" ? converter.input(options) : converter.output(options));
    }
    if (standard.vendor === "valibot") return toShape(await describeValibot(schema, side));
  } catch (error) {
    if (isMissing(error)) return opaque("install @valibot/to-json-schema to have Valibot schemas described");
    return opaque(
      `${standard.vendor} could not describe it: ${error instanceof Error ? firstLine(error.message) : "unknown"}`,
    );
  }
  return opaque(`${standard.vendor} does not offer Standard JSON Schema in this version`);
}

function optionsFor(vendor: string): object | undefined {
  if (vendor === "zod") return zodOptions;
  return vendor === "arktype" ? arktypeOptions : undefined;
}

function toShape(raw: unknown): SchemaShape {
  const { json, outside } = normalise(raw);
  return { json, outside, opaque: json["x-skein"] === "self-describing" && outside.length === 0, note: undefined };
}

function opaque(note: string): SchemaShape {
  return { json: shapes.selfDescribing, outside: [], opaque: true, note };
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").slice(0, 200);
}
