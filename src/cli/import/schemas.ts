/**
 * Owns turning JSON Schema of OpenAPI 3.0 and 3.1 into the text of Zod schemas: the document's named schemas as constants,
 * in an order in which they can be made. It must never loosen a schema in silence: what Zod cannot say becomes a comment.
 */
import { type Json, listOf, objectOf, type OpenApiDocument, textOf } from "./document.ts";
import { commentText, keyText, Names, pascal } from "./names.ts";
import { numberText, stringText } from "./scalars.ts";

const prefix = "#/components/schemas/";
const depthMax = 64;

interface Named {
  readonly name: string;
  readonly json: Json;
  text: string | undefined;
  isLoose: boolean;
}

/** Where a text is made: what may be referred to at once, and what must wait until it is there. */
interface Place {
  readonly depth: number;
  /** In a getter of an object, which runs later. */
  readonly isLater: boolean;
}

const here: Place = { depth: 0, isLater: false };

export class Schemas {
  readonly #document: OpenApiDocument;
  readonly #named = new Map<string, Named>();
  readonly #done: Named[] = [];
  readonly #open = new Set<Named>();
  readonly names = new Names();

  constructor(document: OpenApiDocument) {
    this.#document = document;
  }

  /** The text of a schema; named ones that it needs are declared before. */
  text(schema: unknown): string {
    return this.#text(schema, here);
  }

  /** The constants, each after those it needs. */
  declarations(): string[] {
    return this.#done.map(({ name, json, text, isLoose }) => {
      const comment = textOf(json["description"]);
      const type = isLoose ? ": z.ZodType" : "";
      return `${comment === undefined ? "" : `/** ${commentText(comment)} */\n`}export const ${name}${type} = ${text};`;
    });
  }

  /** The fields of a schema that is nothing but an object with known fields, by whatever references lead to it. */
  fieldsOf(schema: unknown): Json | undefined {
    const json = this.#document.resolve(schema);
    const isPlain =
      isObject(json) && json["allOf"] === undefined && json["oneOf"] === undefined && json["anyOf"] === undefined;
    const isClosed = json["additionalProperties"] === undefined || typeof json["additionalProperties"] === "boolean";
    return isPlain && isClosed && json["properties"] !== undefined ? objectOf(json["properties"]) : undefined;
  }

  /** Lines of an object literal, one per property. */
  fieldLines(schema: unknown): string[] {
    return this.#fields(this.#document.resolve(schema), here);
  }

  #text(schema: unknown, place: Place): string {
    if (schema === true || schema === undefined) return "z.unknown()";
    if (schema === false) return "z.never()";
    if (place.depth > depthMax) return "z.unknown() /* deeper than 64 levels */";
    const json = objectOf(schema);
    if (typeof json["$ref"] === "string") return this.#reference(json["$ref"], place);
    const inner = { ...place, depth: place.depth + 1 };
    const text = this.#combined(json, inner);
    return this.#isNullable(json) && !/\.nullable\(\)$|^z\.(null|unknown)\(\)$/.test(text)
      ? `${text}.nullable()`
      : text;
  }

  #reference(ref: string, place: Place): string {
    if (!ref.startsWith(prefix) || ref.slice(prefix.length).includes("/")) {
      return this.#text(this.#document.resolve({ $ref: ref }), { ...place, depth: place.depth + 1 });
    }
    const named = this.#declare(ref);
    // Being made still: it refers to itself. A getter of an object may, anything else waits and forgets its type.
    if (!this.#open.has(named) || place.isLater) return named.name;
    named.isLoose = true;
    return `z.lazy(() => ${named.name})`;
  }

  #declare(ref: string): Named {
    const known = this.#named.get(ref);
    if (known !== undefined) return known;
    const key = ref.slice(prefix.length).replaceAll("~1", "/").replaceAll("~0", "~");
    const json = objectOf(objectOf(objectOf(this.#document.root["components"])["schemas"])[key]);
    if (Object.keys(json).length === 0) this.#document.resolve({ $ref: ref });
    const named: Named = { name: this.names.take(pascal(key, "schema")), json, text: undefined, isLoose: false };
    this.#named.set(ref, named);
    this.#open.add(named);
    named.text = this.#text(json, here);
    this.#open.delete(named);
    this.#done.push(named);
    return named;
  }

  #combined(json: Json, place: Place): string {
    if (json["const"] !== undefined) return `z.literal(${JSON.stringify(json["const"])})`;
    if (Array.isArray(json["enum"])) return withDefault(json, enumText(json["enum"]));
    const parts: string[] = [];
    for (const word of ["oneOf", "anyOf"]) {
      if (json[word] !== undefined) parts.push(this.#union(listOf(json[word]), objectOf(json["discriminator"]), place));
    }
    const all = listOf(json["allOf"]);
    const hasOwn = isObject(json) && json["properties"] !== undefined;
    if (all.length > 0) return this.#intersection([...all, ...(hasOwn ? [withoutAllOf(json)] : [])], parts, place);
    if (parts.length > 0 && !hasOwn) return intersect(parts);
    const own = this.#typed(json, place);
    return parts.length === 0 ? own : intersect([own, ...parts]);
  }

  #union(options: readonly unknown[], discriminator: Json, place: Place): string {
    const isNull = (option: unknown) => objectOf(option)["type"] === "null";
    const real = options.filter((option) => !isNull(option));
    const texts = [...new Set(real.map((option) => this.#text(option, place)))];
    const [only = "z.null()"] = texts;
    const field = textOf(discriminator["propertyName"]);
    const isTold = field !== undefined && real.every((option) => this.#tells(option, field));
    const isOpen = texts.some((text) => text.startsWith("z.lazy("));
    const many = isTold && !isOpen && !place.isLater ? `z.discriminatedUnion(${JSON.stringify(field)}, [` : "z.union([";
    const text = texts.length <= 1 ? only : `${many}${texts.join(", ")}])`;
    return real.length < options.length && real.length > 0 ? `${text}.nullable()` : text;
  }

  /** Whether an alternative is an object whose field has one fixed value. */
  #tells(option: unknown, field: string): boolean {
    const property = objectOf(this.fieldsOf(option)?.[field]);
    const required = listOf(this.#document.resolve(option)["required"]);
    return required.includes(field) && (property["const"] !== undefined || listOf(property["enum"]).length > 0);
  }

  #intersection(all: readonly unknown[], others: readonly string[], place: Place): string {
    const [first, ...rest] = all;
    const start = this.#text(first, place);
    // Reads best, and is what inheritance means in these documents: a named object with more fields.
    const isExtension = /^[A-Z]\w*$/.test(start) && this.fieldsOf(first) !== undefined && others.length === 0;
    if (
      isExtension &&
      !place.isLater &&
      rest.length > 0 &&
      rest.every((part) => objectOf(part)["$ref"] === undefined && this.fieldsOf(part) !== undefined)
    ) {
      return `${start}.extend({\n${indent(rest.flatMap((part) => this.#fields(objectOf(part), place)))}\n})`;
    }
    const texts = [start, ...rest.filter((part) => !isEmpty(part)).map((part) => this.#text(part, place)), ...others];
    return intersect(texts);
  }

  #typed(json: Json, place: Place): string {
    const types = typesOf(json);
    if (types.length > 1) {
      const texts = types.map((type) => this.#typed({ ...json, type, nullable: undefined }, place));
      return `z.union([${texts.join(", ")}])`;
    }
    const [type] = types;
    if (type === "string") return withDefault(json, stringText(json));
    if (type === "number" || type === "integer") return withDefault(json, numberText(json, type));
    if (type === "boolean") return withDefault(json, "z.boolean()");
    if (type === "null") return "z.null()";
    if (type === "array" || json["items"] !== undefined || json["prefixItems"] !== undefined)
      return withDefault(json, this.#array(json, place));
    if (type === "object" || json["properties"] !== undefined || json["additionalProperties"] !== undefined)
      return withDefault(json, this.#object(json, place));
    const lost = ["not", "if", "contains"].filter((word) => json[word] !== undefined);
    return lost.length === 0
      ? "z.unknown()"
      : `z.unknown() /* ${lost.join(", ")} of the document cannot be said in Zod */`;
  }

  #array(json: Json, place: Place): string {
    const first = listOf(json["prefixItems"]);
    if (first.length > 0) {
      const rest = json["items"];
      const items = first.map((item) => this.#text(item, place)).join(", ");
      return `z.tuple([${items}]${rest === false ? "" : `, ${this.#text(rest, place)}`})`;
    }
    const { minItems, maxItems } = json;
    const least = typeof minItems === "number" ? `.min(${minItems})` : "";
    const most = typeof maxItems === "number" ? `.max(${maxItems})` : "";
    return `z.array(${this.#text(json["items"], place)})${least}${most}`;
  }

  #object(json: Json, place: Place): string {
    const { properties, additionalProperties: others } = json;
    const rest = typeof others === "object" && others !== null ? this.#text(others, place) : undefined;
    if (properties === undefined || Object.keys(objectOf(properties)).length === 0)
      return others === false ? "z.object({})" : `z.record(z.string(), ${rest ?? "z.unknown()"})`;
    const lines = this.#fields(json, place);
    const kind = others === true ? "z.looseObject" : "z.object";
    return `${kind}({\n${indent(lines)}\n})${rest === undefined ? "" : `.catchall(${rest})`}`;
  }

  #fields(json: Json, place: Place): string[] {
    const required = new Set(listOf(json["required"]));
    const lines: string[] = [];
    for (const [name, property] of Object.entries(objectOf(json["properties"]))) {
      // No reply of a peer may have this key, and no object literal either.
      if (name === "__proto__") continue;
      const comment = textOf(objectOf(property)["description"]);
      if (comment !== undefined) lines.push(`/** ${commentText(comment)} */`);
      const isOptional = !required.has(name);
      const suffix = (text: string) => (isOptional && !/\.default\(.*\)$/.test(text) ? `${text}.optional()` : text);
      if (this.#waits(property)) {
        const text = suffix(this.#text(property, { ...place, isLater: true }));
        lines.push(`get ${keyText(name)}() {`, `  return ${text};`, "},");
      } else {
        lines.push(`${keyText(name)}: ${suffix(this.#text(property, place))},`);
      }
    }
    return lines;
  }

  /** Whether a property leads, by references alone or through a list, to a schema that is still being made. */
  #waits(property: unknown, depth = 0): boolean {
    const json = objectOf(property);
    if (depth > depthMax) return false;
    if (typeof json["$ref"] === "string" && json["$ref"].startsWith(prefix)) {
      const named = this.#named.get(json["$ref"]) ?? this.#declare(json["$ref"]);
      return this.#open.has(named);
    }
    const parts = [json["items"], ...["oneOf", "anyOf", "allOf"].flatMap((word) => listOf(json[word]))];
    const others = typeof json["additionalProperties"] === "object" ? [json["additionalProperties"]] : [];
    return [...parts, ...others].some((part) => part !== undefined && this.#waits(part, depth + 1));
  }

  #isNullable(json: Json): boolean {
    return (
      json["nullable"] === true ||
      (Array.isArray(json["type"]) && json["type"].includes("null") && json["type"].length > 1)
    );
  }
}

function typesOf(json: Json): string[] {
  const { type } = json;
  const all = Array.isArray(type) ? type : [type];
  const known = all.filter((one): one is string => typeof one === "string");
  return known.length > 1 ? known.filter((one) => one !== "null") : known;
}

function enumText(values: readonly unknown[]): string {
  const real = values.filter((value) => value !== null);
  const nullable = real.length < values.length ? ".nullable()" : "";
  const list = real.map((value) => JSON.stringify(value)).join(", ");
  if (real.length === 0) return "z.null()";
  return (real.every((value) => typeof value === "string") ? `z.enum([${list}])` : `z.literal([${list}])`) + nullable;
}

function withDefault(json: Json, text: string): string {
  return json["default"] === undefined || json["default"] === null
    ? text
    : `${text}.default(${JSON.stringify(json["default"])})`;
}

function withoutAllOf(json: Json): Json {
  const { allOf: _, oneOf: __, anyOf: ___, nullable: ____, ...rest } = json;
  return rest;
}

function isObject(json: Json): boolean {
  const { type } = json;
  return (
    type === "object" ||
    (type === undefined && json["properties"] !== undefined) ||
    (Array.isArray(type) && type.includes("object"))
  );
}

/** `{ description }` beside a reference says nothing about values. */
function isEmpty(schema: unknown): boolean {
  return (
    Object.keys(objectOf(schema)).every((key) => ["description", "title", "example", "examples"].includes(key)) &&
    typeof schema === "object"
  );
}

function intersect(texts: readonly string[]): string {
  const [first = "z.unknown()", ...rest] = texts;
  return rest.reduce((left, right) => `z.intersection(${left}, ${right})`, first);
}

export function indent(lines: readonly string[]): string {
  return lines
    .flatMap((line) => line.split("\n"))
    .map((line) => `  ${line}`)
    .join("\n");
}
