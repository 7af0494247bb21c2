/**
 * Owns the description of Valibot's schemas by its own converter, an optional peer. It must never import it statically:
 * a system without Valibot does not have it.
 */
import type { Schema } from "../schema.ts";
import { type JsonSchema, maybeMark, MissingConverter, ofClass, ofLiterals, outside, shapes } from "./marks.ts";

interface SchemaContext {
  readonly valibotSchema: {
    readonly type: string;
    readonly class?: unknown;
    readonly literal?: unknown;
    readonly options?: unknown;
    readonly default?: unknown;
  };
  readonly jsonSchema: JsonSchema;
}
interface ActionContext {
  readonly valibotAction: { readonly type: string };
  readonly jsonSchema: JsonSchema;
}
type Convert = (schema: unknown, config: object) => unknown;

const byType: Readonly<Record<string, (context: SchemaContext) => JsonSchema | undefined>> = {
  date: () => shapes.instant,
  bigint: () => shapes.bigint,
  undefined: () => shapes.absent,
  void: () => shapes.absent,
  custom: () => shapes.selfDescribing,
  instance: ({ valibotSchema }) => ofClass(valibotSchema.class),
  literal: ({ valibotSchema }) => ofLiterals([valibotSchema.literal]),
  picklist: ({ valibotSchema }) => ofLiterals(Array.isArray(valibotSchema.options) ? valibotSchema.options : []),
  map: () => outside("Map"),
  set: () => outside("Set"),
  file: () => outside("File"),
  blob: () => outside("Blob"),
  promise: () => outside("Promise"),
  function: () => outside("function"),
  symbol: () => outside("symbol"),
  nan: () => outside("NaN"),
  optional: maybe,
  undefinedable: maybe,
  nullish: maybe,
};

/** A default takes the place of `undefined`. */
function maybe({ valibotSchema, jsonSchema }: SchemaContext): JsonSchema {
  return valibotSchema.default === undefined ? { ...jsonSchema, [maybeMark]: true } : jsonSchema;
}

/** What comes out of an action that changes the type; all others keep what came in. */
const byAction: Readonly<Record<string, JsonSchema>> = {
  to_date: shapes.instant,
  to_bigint: shapes.bigint,
  to_number: { type: "number" },
  to_string: { type: "string" },
  to_boolean: { type: "boolean" },
  stringify_json: { type: "string" },
  transform: shapes.selfDescribing,
  raw_transform: shapes.selfDescribing,
  parse_json: shapes.selfDescribing,
  find_item: shapes.selfDescribing,
  reduce_items: shapes.selfDescribing,
  map_items: { type: "array", items: shapes.selfDescribing },
};

/** The description of one side; throws `MissingConverter` when `@valibot/to-json-schema` is not installed. */
export async function describeValibot(schema: Schema, side: "input" | "output"): Promise<unknown> {
  const convert = await converter();
  return convert(schema, {
    target: "draft-2020-12",
    typeMode: side,
    errorMode: "ignore",
    overrideSchema: (context: SchemaContext) => {
      const { type } = context.valibotSchema;
      return Object.hasOwn(byType, type) ? byType[type]?.(context) : undefined;
    },
    overrideAction: ({ valibotAction: { type }, jsonSchema }: ActionContext) => {
      // In input mode the converter stops before most of these; one that is met did not change what is given.
      if (side === "input") return jsonSchema;
      return Object.hasOwn(byAction, type) ? byAction[type] : jsonSchema;
    },
  });
}

async function converter(): Promise<Convert> {
  // The type is only what is used of it, so that the package's own types are no part of ours.
  const module = await import("@valibot/to-json-schema").catch((error: unknown) => {
    throw new MissingConverter("@valibot/to-json-schema", { cause: error });
  });
  return module.toJsonSchema as Convert;
}
