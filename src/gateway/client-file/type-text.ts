/**
 * Owns the TypeScript type of a described schema, as text. It must never guess: what is not described is `unknown`, with a
 * comment that says where.
 */
import type { JsonSchema, SchemaShape, Side } from "../../contract/shapes.ts";
import { indent, keyText } from "./text.ts";

/** An object of fewer fields is written out where it stands, though another one of a name looks the same. */
const fieldsToShare = 4;
/** Deeper schemas are cut off as `unknown`; values of that depth are refused anyway. */
const depthMax = 64;

interface Place {
  readonly root: JsonSchema;
  readonly side: Side;
  readonly path: string;
  /** What a name is made of where a schema that is named by nothing else needs one. */
  readonly base: string;
  readonly outside: SchemaShape["outside"];
  readonly depth: number;
}

/** The types of one generated file, declared in the order they are met. */
export class Types {
  readonly #declarations: string[] = [];
  readonly #names = new Set<string>();
  /** Names of definitions and of whole schemas, by what they say. */
  readonly #byText = new Map<string, string>();
  readonly #shared = new Map<string, string>();

  constructor(reserved: readonly string[]) {
    for (const name of reserved) this.#names.add(name);
  }

  /** Declares the type of a whole schema under this name (or one like it), and gives the name. */
  declare(name: string, shape: SchemaShape, side: Side, about: string): string {
    const { $defs: _, ...json } = shape.json;
    const title = typeof json.title === "string" ? toTypeName(json.title) : "";
    const place = { root: shape.json, side, path: "$", base: name, outside: shape.outside, depth: 0 };
    const key = `${side} ${JSON.stringify(shape.json)}`;
    const known = this.#byText.get(key);
    if (known !== undefined && title !== "") return known;
    const own = this.#take(title === "" ? name : title);
    if (known !== undefined) {
      // Every method keeps names of its own, so that a change of one does not rename another's.
      this.#declarations.push(`${docText(about)}export type ${own} = ${known};\n`);
      return own;
    }
    this.#byText.set(key, own);
    this.#write(own, json, place, about);
    return own;
  }

  /** The type where it stands. */
  inline(base: string, shape: SchemaShape, side: Side): string {
    return this.#text(shape.json, { root: shape.json, side, path: "$", base, outside: shape.outside, depth: 0 });
  }

  /** Takes a name of the file, numbered where it is taken. */
  take(name: string): string {
    return this.#take(name);
  }

  /** Adds a declaration that is no schema's. */
  add(text: string): void {
    this.#declarations.push(text);
  }

  declarations(): readonly string[] {
    return this.#declarations;
  }

  #take(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}${i}`;
    this.#names.add(name);
    return name;
  }

  #write(name: string, json: JsonSchema, place: Place, about: string): void {
    // Its place comes first, since what it refers to is declared on the way.
    const at = this.#declarations.push("") - 1;
    const text = this.#text(json, place);
    const isObject = text.startsWith("{\n") && !/^\}(?!$)/m.test(text);
    const doc = typeof json.description === "string" ? `${about} ${json.description}` : about;
    this.#declarations[at] =
      `${docText(doc)}export ${isObject ? `interface ${name} ${text}` : `type ${name} = ${text};`}\n`;
    const key = JSON.stringify(json);
    // A reference means something in its own schema only.
    if (isObject && Object.keys(json.properties ?? {}).length >= fieldsToShare && !key.includes('"$ref"'))
      this.#shared.set(`${place.side} ${key}`, name);
  }

  #text(json: JsonSchema | boolean, place: Place): string {
    if (json === false) return "never";
    if (json === true || place.depth > depthMax) return this.#unknown(place);
    const shared = place.depth > 0 ? this.#shared.get(`${place.side} ${JSON.stringify(json)}`) : undefined;
    if (shared !== undefined) return shared;
    const parts: string[] = [];
    const slot = slotText(json);
    if (json["x-skein"] === "self-describing") return this.#unknown(place);
    if (slot !== undefined) return slot;
    if (isNever(json)) return "never";
    if (json.$ref !== undefined) parts.push(this.#reference(json.$ref, place));
    const fixed = fixedText(json);
    if (fixed !== undefined) parts.push(fixed);
    else if (json.type !== undefined || json.properties !== undefined) parts.push(this.#typed(json, place));
    for (const list of [json.anyOf, json.oneOf]) if (list !== undefined) parts.push(this.#union(list, place));
    for (const each of json.allOf ?? []) parts.push(this.#text(each, deeper(place)));
    if (parts.length === 0) return this.#unknown(place);
    return parts.length === 1 ? (parts[0] as string) : parts.map(grouped).join(" & ");
  }

  #typed(json: JsonSchema, place: Place): string {
    const types = typeof json.type === "string" ? [json.type] : (json.type ?? ["object"]);
    return join(types.map((type) => this.#ofType(type, json, place)));
  }

  #ofType(type: string, json: JsonSchema, place: Place): string {
    switch (type) {
      case "string":
      case "boolean":
      case "null":
        return type;
      case "number":
      case "integer":
        return "number";
      case "array":
        return this.#array(json, place);
      case "object":
        return this.#object(json, place);
      default:
        return this.#unknown(place);
    }
  }

  #array(json: JsonSchema, place: Place): string {
    const at = deeper(place, "[]");
    const readonly = place.side === "input" ? "readonly " : "";
    const rest = this.#text(json.items ?? true, at);
    if (json.prefixItems === undefined) {
      const text = `${grouped(rest)}[]`;
      return `${readonly}${text}`;
    }
    const least = typeof json["minItems"] === "number" ? json["minItems"] : json.prefixItems.length;
    const items = json.prefixItems.map((item, i) => {
      const text = this.#text(item, deeper(place, `[${i}]`));
      return i < least ? text : `${grouped(text)}?`;
    });
    if (json.items !== undefined && json.items !== false) items.push(`...${grouped(rest)}[]`);
    return `${readonly}[${items.join(", ")}]`;
  }

  #object(json: JsonSchema, place: Place): string {
    const required = new Set(json.required);
    const lines: string[] = [];
    for (const [name, field] of Object.entries(json.properties ?? {})) {
      const text = this.#text(field, deeper(place, `.${name}`));
      const isOptional = !required.has(name);
      // A caller may say `undefined`, which is not sent; an answer never does.
      const value = isOptional && (place.side === "input" || text === "never") ? join([text, "undefined"]) : text;
      const described = typeof field === "object" && typeof field.description === "string" ? field.description : "";
      lines.push(`${docText(described)}readonly ${keyText(name)}${isOptional ? "?" : ""}: ${value};`);
    }
    const others = this.#others(json, place, lines.length > 0);
    if (others !== undefined) lines.push(`readonly [name: string]: ${others};`);
    return lines.length === 0 ? "Record<string, never>" : `{\n${indent(lines.join("\n"))}\n}`;
  }

  /** Fields of any name; beside named ones their type can only be `unknown`. */
  #others(json: JsonSchema, place: Place, hasNamed: boolean): string | undefined {
    const patterns = Object.values((json["patternProperties"] ?? {}) as Record<string, JsonSchema>);
    const additional = json.additionalProperties;
    const isBare = json.properties === undefined && additional === undefined && patterns.length === 0;
    if (isBare) return "unknown";
    if (additional === undefined || additional === false) {
      if (patterns.length === 0) return undefined;
      return hasNamed ? "unknown" : join(patterns.map((each) => this.#text(each, deeper(place, ".*"))));
    }
    if (hasNamed || patterns.length > 0) return "unknown";
    return additional === true ? "unknown" : this.#text(additional, deeper(place, ".*"));
  }

  #union(list: readonly JsonSchema[], place: Place): string {
    return join(list.map((each) => this.#text(each, deeper(place))));
  }

  #reference(ref: string, place: Place): string {
    const name = ref
      .replace(/^#\/\$defs\//, "")
      .replaceAll("~1", "/")
      .replaceAll("~0", "~");
    const defs = place.root.$defs ?? {};
    const target = Object.hasOwn(defs, name) ? defs[name] : undefined;
    if (target === undefined) return this.#unknown(place);
    // Definitions may refer to each other: what a name means is the whole of them.
    const key = `${place.side} ${name} ${JSON.stringify(defs)}`;
    const known = this.#byText.get(key);
    if (known !== undefined) return known;
    const given = [target.title, target.$id].find((each) => typeof each === "string") ?? name;
    const own = this.#take(name.startsWith("__") ? `${place.base}Part` : toTypeName(given as string));
    this.#byText.set(key, own);
    this.#write(own, target, { ...place, depth: 0 }, "");
    return own;
  }

  #unknown(place: Place): string {
    const why = place.outside.find((each) => each.path === place.path)?.found;
    return `unknown /* ${safe(place.path)}${why === undefined ? "" : `: ${safe(why)}`} */`;
  }
}

/** `order-lines` or `Order line` as `OrderLines`, `OrderLine`. */
export function toTypeName(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[A-Za-z]/.test(name) ? name : `Type${name}`;
}

/** A comment of one or more lines above what it is about; empty for an empty text. */
export function docText(text: string): string {
  const lines = text.trim().replaceAll("*/", "*\\/").split(/\r?\n/);
  if (lines.length === 1) return lines[0] === "" ? "" : `/** ${lines[0]} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`;
}

function deeper(place: Place, step = ""): Place {
  return { ...place, path: place.path + step, depth: place.depth + 1 };
}

function slotText(json: JsonSchema): string | undefined {
  switch (json["x-skein"]) {
    case "instant":
      return "Date";
    case "bytes":
      return "Uint8Array";
    case "bigint":
      return json.enum === undefined ? "bigint" : join(json.enum.map((digits) => `${String(digits)}n`));
    case "nothing":
      return "undefined";
    default:
      return undefined;
  }
}

function fixedText(json: JsonSchema): string | undefined {
  const values = "const" in json ? [json.const] : json.enum;
  if (values === undefined || values.some((value) => typeof value === "object" && value !== null)) return undefined;
  return values.length === 0 ? "never" : join(values.map((value) => JSON.stringify(value)));
}

function isNever(json: JsonSchema): boolean {
  const not = json["not"];
  return typeof not === "object" && not !== null && Object.keys(not).length === 0;
}

function join(types: readonly string[]): string {
  const once = [...new Set(types)].filter((type) => type !== "never");
  return once.length === 0 ? "never" : once.join(" | ");
}

function grouped(text: string): string {
  return /^\{[\s\S]*\}$/.test(text) || !/[ |&]/.test(text) ? (/\} [|&] /.test(text) ? `(${text})` : text) : `(${text})`;
}

/** Text inside a comment. */
function safe(text: string): string {
  return text.replaceAll("*/", "*\\/").replace(/\s+/g, " ");
}
