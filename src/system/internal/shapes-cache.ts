/** Owns describing each schema once per check; contracts are used by many. It must never outlive its check. */
import type { Schema } from "../../contract/index.ts";
import { describeSchema, type SchemaShape, type Side } from "../../contract/shapes.ts";

export type Shapes = (schema: Schema, side: Side) => Promise<SchemaShape>;

export function createShapes(): Shapes {
  const known = { input: new Map<Schema, Promise<SchemaShape>>(), output: new Map<Schema, Promise<SchemaShape>>() };
  return (schema, side) => {
    let shape = known[side].get(schema);
    if (shape === undefined) known[side].set(schema, (shape = describeSchema(schema, side)));
    return shape;
  };
}
