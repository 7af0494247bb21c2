/**
 * Owns what Skein tells Zod's converter about values that JSON has no word for. It must never import Zod: it reads the
 * documented `_zod.def` of the schemas it is shown.
 */
import { become, type JsonSchema, maybeMark, ofClass, ofLiterals, outside, shapes } from "./marks.ts";

interface ZodType {
  readonly _zod: {
    readonly def: { readonly type: string; readonly values?: readonly unknown[] };
    readonly bag?: { readonly Class?: unknown };
  };
}

const byType: Readonly<Record<string, (schema: ZodType) => JsonSchema | undefined>> = {
  date: () => shapes.instant,
  bigint: () => shapes.bigint,
  undefined: () => shapes.absent,
  void: () => shapes.absent,
  transform: () => shapes.selfDescribing,
  custom: ({ _zod }) => (_zod.bag?.Class === undefined ? shapes.selfDescribing : ofClass(_zod.bag.Class)),
  literal: ({ _zod }) => ofLiterals(_zod.def.values ?? []),
  map: () => outside("Map"),
  set: () => outside("Set"),
  file: () => outside("File"),
  promise: () => outside("Promise"),
  function: () => outside("function"),
  symbol: () => outside("symbol"),
  nan: () => outside("NaN"),
};

/** For `libraryOptions` of Standard JSON Schema. */
export const zodOptions = {
  unrepresentable: "any",
  override({
    zodSchema,
    jsonSchema,
  }: {
    readonly zodSchema: ZodType;
    readonly jsonSchema: Record<string, unknown>;
  }): void {
    const { type } = zodSchema._zod.def;
    if (type === "optional") jsonSchema[maybeMark] = true;
    // The value of `catch` is whatever the user gave; Zod puts it in as it is, and a bigint there would end the conversion.
    if (type === "catch") delete jsonSchema.default;
    const shape = Object.hasOwn(byType, type) ? byType[type]?.(zodSchema) : undefined;
    if (shape !== undefined) become(jsonSchema, shape);
  },
};
