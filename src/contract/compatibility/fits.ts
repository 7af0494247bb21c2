/**
 * Owns whether every value of one described schema is a value of another, and where not. It must never call a pair fitting
 * that it does not understand: what it cannot compare it reports as changed.
 */
import { annotations, type JsonSchema } from "../internal/marks.ts";
import { defName } from "../internal/normalise-shape.ts";

/** One place where values that were written do not fit who reads them. `undefined` stands for "not said". */
export interface Misfit {
  /** `$.items[].sku` */
  readonly path: string;
  /** The keyword that decides, or what became of a field. */
  readonly rule: string;
  readonly written: unknown;
  readonly read: unknown;
}

/** What happens to a field that only one side has. */
export interface FieldRules {
  /** The reader drops what it does not know: is that worth a word? */
  readonly reportsDropped: boolean;
  /** The writer no longer sends a field that the reader could do without: is that worth a word? */
  readonly reportsGone: boolean;
}

const levelsMax = 64;
const misfitsMax = 100;

type Given = JsonSchema | boolean | undefined;

/** Where values that fit `written` may not fit `read`; empty when all of them do. At most 100 places. */
export function misfits(written: JsonSchema, read: JsonSchema, rules: FieldRules): Misfit[] {
  return new Comparison(written, read, rules).run();
}

class Comparison {
  readonly #written: JsonSchema;
  readonly #read: JsonSchema;
  readonly #rules: FieldRules;
  readonly #found: Misfit[] = [];
  /** Pairs of named definitions that are being compared, or were: a schema may contain itself. */
  readonly #seen = new Set<string>();

  constructor(written: JsonSchema, read: JsonSchema, rules: FieldRules) {
    this.#written = written;
    this.#read = read;
    this.#rules = rules;
  }

  run(): Misfit[] {
    this.#compare(this.#written, this.#read, "$", 0);
    return this.#found;
  }

  #compare(givenWritten: Given, givenRead: Given, path: string, level: number): void {
    if (level > levelsMax || this.#found.length >= misfitsMax) return;
    const pair = `${refOf(givenWritten)} ${refOf(givenRead)}`;
    if (pair !== " ") {
      if (this.#seen.has(pair)) return;
      this.#seen.add(pair);
    }
    const written = resolve(givenWritten, this.#written);
    const read = resolve(givenRead, this.#read);
    if (isAnything(read)) return;
    if (isAnything(written)) return this.#report(path, "type", undefined, textOf(read));
    if (written === false || isNever(written)) return;
    if (read === false || isNever(read)) return this.#report(path, "type", textOf(written), "nothing");
    const choices = choicesOf(written);
    if (choices !== undefined) {
      for (const choice of choices) this.#compare(choice, read, path, level + 1);
      return;
    }
    const accepted = choicesOf(read);
    if (accepted !== undefined) return this.#oneOf(written, accepted, path, level);
    this.#single(written, read, path, level);
  }

  /** It must fit one of them; where it fits none, the nearest says why. */
  #oneOf(written: JsonSchema, accepted: readonly Given[], path: string, level: number): void {
    let nearest: readonly Misfit[] | undefined;
    for (const choice of accepted) {
      const other = new Comparison(this.#written, this.#read, this.#rules);
      for (const pair of this.#seen) other.#seen.add(pair);
      other.#compare(written, choice, path, level + 1);
      if (other.#found.length === 0) return;
      if (nearest === undefined || other.#found.length < nearest.length) nearest = other.#found;
    }
    const isOtherType = nearest?.some((misfit) => misfit.path === path && misfit.rule === "type") !== false;
    if (isOtherType) this.#report(path, "type", textOf(written), textOf({ anyOf: accepted.filter(isObject) }));
    else this.#found.push(...(nearest ?? []));
  }

  #single(written: JsonSchema, read: JsonSchema, path: string, level: number): void {
    if (written["x-skein"] !== read["x-skein"]) return this.#report(path, "type", textOf(written), textOf(read));
    if (!this.#sameType(written, read, path)) return;
    if (!this.#sameValues(written, read, path)) return;
    this.#bounds(written, read, path);
    this.#list(written, read, path, level);
    if (typesOf(written).includes("object")) this.#object(written, read, path, level);
  }

  #sameType(written: JsonSchema, read: JsonSchema, path: string): boolean {
    const accepted = typesOf(read);
    if (accepted.length === 0) return true;
    const types = typesOf(written).length === 0 ? (valuesOf(written)?.map(typeOfValue) ?? []) : typesOf(written);
    const fits =
      types.length > 0 &&
      types.every((type) => accepted.includes(type) || (type === "integer" && accepted.includes("number")));
    if (!fits) this.#report(path, "type", textOf(written), textOf(read));
    return fits;
  }

  #sameValues(written: JsonSchema, read: JsonSchema, path: string): boolean {
    const accepted = valuesOf(read);
    if (accepted === undefined) return true;
    const values = valuesOf(written);
    const known = new Set(accepted.map((value) => JSON.stringify(value)));
    const others = values?.filter((value) => !known.has(JSON.stringify(value)));
    if (others?.length === 0) return true;
    this.#report(path, "enum", others ?? typesOf(written).join(" or "), accepted);
    return false;
  }

  #bounds(written: JsonSchema, read: JsonSchema, path: string): void {
    for (const [keyword, isTighter] of Object.entries(limits)) {
      const [limit, given] = [read[keyword], written[keyword]];
      if (limit !== undefined && !(given !== undefined && !isTighter(limit, given)))
        if (!impliedBy(written, keyword, limit)) this.#report(path, keyword, given, limit);
    }
    // What it does not know how to compare must be the same word for word.
    for (const [keyword, value] of Object.entries(read)) {
      if (known.has(keyword) || annotations.has(keyword) || keyword in limits) continue;
      if (JSON.stringify(value) !== JSON.stringify(written[keyword]) && !impliedBy(written, keyword, value))
        this.#report(path, keyword, written[keyword], value);
    }
  }

  #list(written: JsonSchema, read: JsonSchema, path: string, level: number): void {
    const [from, to] = [written.prefixItems ?? [], read.prefixItems ?? []];
    const count = Math.max(from.length, to.length);
    for (let i = 0; i < count; i++)
      this.#compare(from[i] ?? written.items ?? true, to[i] ?? read.items ?? true, `${path}[${i}]`, level + 1);
    if (read.items !== undefined && typesOf(written).includes("array"))
      this.#compare(written.items ?? true, read.items, `${path}[]`, level + 1);
  }

  #object(written: JsonSchema, read: JsonSchema, path: string, level: number): void {
    const [from, to] = [written.properties ?? {}, read.properties ?? {}];
    const [sent, wanted] = [new Set(written.required), new Set(read.required)];
    for (const [name, field] of Object.entries(to)) {
      const at = `${path}.${name}`;
      const isSent = Object.hasOwn(from, name);
      if (wanted.has(name) && !sent.has(name)) {
        this.#report(at, isSent ? "required" : "absent", undefined, true);
      } else if (isSent) {
        this.#compare(from[name], field, at, level + 1);
      } else if (isObject(written.additionalProperties)) {
        this.#compare(written.additionalProperties, field, at, level + 1);
      } else if (this.#rules.reportsGone && written.additionalProperties !== true) {
        this.#report(at, "absent", undefined, false);
      }
    }
    this.#others(written, read, path, level);
  }

  /** Fields of the writer that the reader has no name for. */
  #others(written: JsonSchema, read: JsonSchema, path: string, level: number): void {
    const others = read.additionalProperties;
    for (const [name, field] of Object.entries(written.properties ?? {})) {
      if (Object.hasOwn(read.properties ?? {}, name)) continue;
      if (isObject(others)) this.#compare(field, others, `${path}.${name}`, level + 1);
      else if (others !== true && read.properties !== undefined && this.#rules.reportsDropped)
        this.#report(`${path}.${name}`, "unknown", true, undefined);
    }
    if (isObject(written.additionalProperties) && isObject(others))
      this.#compare(written.additionalProperties, others, `${path}.*`, level + 1);
  }

  #report(path: string, rule: string, written: unknown, read: unknown): void {
    if (this.#found.length < misfitsMax) this.#found.push({ path, rule, written, read });
  }
}

type IsTighter = (limit: unknown, given: unknown) => boolean;
const lower: IsTighter = (limit, given) => (limit as number) < (given as number);
const higher: IsTighter = (limit, given) => (limit as number) > (given as number);

/** For each keyword that bounds a value: whether a reader's limit lets fewer values through than the writer's. */
const limits: Readonly<Record<string, IsTighter>> = {
  maximum: lower,
  exclusiveMaximum: lower,
  maxLength: lower,
  maxItems: lower,
  maxProperties: lower,
  minimum: higher,
  exclusiveMinimum: higher,
  minLength: higher,
  minItems: higher,
  minProperties: higher,
  multipleOf: (limit, given) => (given as number) % (limit as number) !== 0,
};

/** Keywords that are compared by what they mean. */
const known: ReadonlySet<string> = new Set(
  "type properties required items prefixItems additionalProperties anyOf oneOf enum const $ref x-skein".split(" "),
);

/** A fixed set of values keeps a limit by itself where each of them does. */
function impliedBy(written: JsonSchema, keyword: string, limit: unknown): boolean {
  const values = valuesOf(written);
  if (values === undefined || values.length === 0) return false;
  const test = valueTests[keyword];
  return test !== undefined && values.every((value) => test(value, limit));
}

const valueTests: Readonly<Record<string, (value: unknown, limit: unknown) => boolean>> = {
  minimum: (value, limit) => typeof value === "number" && value >= (limit as number),
  maximum: (value, limit) => typeof value === "number" && value <= (limit as number),
  minLength: (value, limit) => typeof value === "string" && Array.from(value).length >= (limit as number),
  maxLength: (value, limit) => typeof value === "string" && Array.from(value).length <= (limit as number),
};

function resolve(given: Given, root: JsonSchema): Given {
  let schema = given;
  for (let hops = 0; hops < levelsMax && isObject(schema) && schema.$ref !== undefined; hops++) {
    const name = defName(schema.$ref);
    schema = name !== undefined && Object.hasOwn(root.$defs ?? {}, name) ? root.$defs?.[name] : true;
  }
  return schema;
}

function refOf(given: Given): string {
  return isObject(given) ? (given.$ref ?? "") : "";
}

function choicesOf(schema: JsonSchema): readonly Given[] | undefined {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices;
  const types = typesOf(schema);
  return types.length > 1 ? types.map((type) => ({ ...schema, type })) : undefined;
}

function isAnything(schema: Given): schema is true | undefined {
  if (!isObject(schema)) return schema !== false;
  if (schema["x-skein"] === "self-describing" || Object.keys(schema).every((keyword) => annotations.has(keyword)))
    return true;
  return (schema.anyOf ?? schema.oneOf)?.some((choice) => isAnything(choice)) === true;
}

function isNever(schema: JsonSchema): boolean {
  return JSON.stringify(schema["not"]) === "{}";
}

function isObject(given: unknown): given is JsonSchema {
  return typeof given === "object" && given !== null;
}

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema.type === undefined) return [];
  return typeof schema.type === "string" ? [schema.type] : schema.type;
}

function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  return "const" in schema ? [schema.const] : schema.enum;
}

function typeOfValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** A schema in one word. */
function textOf(schema: JsonSchema | false): string {
  if (schema === false) return "nothing";
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map((choice) => textOf(choice)))].join(" or ");
  const slot = schema["x-skein"];
  if (slot !== undefined) return slot;
  const types = typesOf(schema);
  if (types.length > 0) return types.join(" or ");
  return valuesOf(schema)?.map(typeOfValue).join(" or ") ?? "something else";
}
