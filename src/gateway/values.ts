/**
 * Owns turning strings and JSON into what a route's input schema means by them. A schema is described at the route's first
 * request, so that a big system starts fast. It must never validate.
 */
import type { Schema } from "../contract/index.ts";
import { describeSchema, fieldNames, fieldShape, fromJson, fromStrings, type SchemaShape } from "../contract/shapes.ts";

/** Names with all their values, as they came. */
export type Strings = Map<string, readonly string[]>;

/** The input of one route, as far as its schema can be described. */
export class InputShape {
  readonly #schema: Schema;
  #describing: Promise<void> | undefined;
  #shape: SchemaShape | undefined;
  readonly #fields = new Map<string, SchemaShape>();
  #hasOthers = false;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** The object of named strings, each by its field's type; a promise at the first request only. */
  fromStrings(given: Strings): unknown {
    if (this.#shape === undefined) return this.#describe().then(() => this.fromStrings(given));
    const input: Record<string, unknown> = {};
    for (const [name, values] of given) input[name] = this.#field(this.#shape, name, values);
    return input;
  }

  /** A parsed JSON value with its instants, bigints and bytes; a promise at the first request only. */
  fromJson(value: unknown): unknown {
    if (this.#shape === undefined) return this.#describe().then(() => this.fromJson(value));
    return fromJson(this.#shape, value);
  }

  #field(shape: SchemaShape, name: string, values: readonly string[]): unknown {
    // Only declared names are remembered: any number of others may come.
    const field = this.#fields.get(name) ?? (this.#hasOthers ? fieldShape(shape, name) : undefined);
    const given = values.length === 1 ? (values[0] as string) : values;
    return field === undefined ? given : fromStrings(field, given);
  }

  #describe(): Promise<void> {
    return (this.#describing ??= this.#load());
  }

  async #load(): Promise<void> {
    const shape = await describeSchema(this.#schema, "input");
    const names = fieldNames(shape);
    this.#hasOthers = names === undefined;
    for (const name of names ?? []) {
      const field = fieldShape(shape, name);
      if (field !== undefined) this.#fields.set(name, field);
    }
    this.#shape = shape;
  }
}
