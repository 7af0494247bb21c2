/**
 * Owns the document's shared schemas: one with a title or an id, or a definition of its own, is written once and referred
 * to. It must never change a schema it was given.
 */
import type { JsonSchema } from "../contract/shapes.ts";

export interface Ref {
  readonly $ref: string;
}

export class Components {
  readonly #byName = new Map<string, JsonSchema>();
  readonly #texts = new Map<string, string>();

  /** The schema, or a reference to it when it has a name of its own. */
  add(json: JsonSchema): JsonSchema | Ref {
    const name = nameOf(json);
    return name === undefined ? this.inline(json) : this.#share(name, json);
  }

  /** The schema itself, with its definitions moved to the components. */
  inline(json: JsonSchema): JsonSchema {
    const { $defs, ...body } = json;
    if ($defs === undefined) return this.#rewrite(body, new Map()) as JsonSchema;
    const names = new Map<string, string>();
    // Two passes: definitions may refer to each other.
    for (const [key, def] of Object.entries($defs))
      names.set(key, this.#nameFor(nameOf(def) ?? toName(key), JSON.stringify(def)));
    for (const [key, def] of Object.entries($defs)) {
      const name = names.get(key) as string;
      if (!this.#byName.has(name)) this.#byName.set(name, this.#rewrite(def, names) as JsonSchema);
    }
    return this.#rewrite(body, names) as JsonSchema;
  }

  /** A schema of the gateway's own. */
  define(name: string, json: JsonSchema): Ref {
    if (!this.#byName.has(name)) this.#byName.set(name, json);
    return refTo(name);
  }

  /** A schema that deserves a name, numbered when another one has it already. */
  named(wanted: string, json: JsonSchema): Ref {
    return this.#share(toName(wanted), json);
  }

  schemas(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#byName].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #share(wanted: string, json: JsonSchema): Ref {
    const name = this.#nameFor(wanted, JSON.stringify(json));
    if (!this.#byName.has(name)) this.#byName.set(name, this.inline(json));
    return refTo(name);
  }

  /** The wanted name, numbered when another schema has it already. */
  #nameFor(wanted: string, text: string): string {
    for (let i = 1; ; i++) {
      const name = i === 1 ? wanted : `${wanted}${i}`;
      const known = this.#texts.get(name);
      if (known === text) return name;
      if (known !== undefined || this.#byName.has(name)) continue;
      this.#texts.set(name, text);
      return name;
    }
  }

  #rewrite(value: unknown, names: ReadonlyMap<string, string>): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#rewrite(item, names));
    if (typeof value !== "object" || value === null) return value;
    const copy: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(value)) {
      if (key === "$schema" || key === "$id") continue;
      copy[key] = key === "$ref" ? toRef(field, names) : this.#rewrite(field, names);
    }
    return copy;
  }
}

function toRef(ref: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof ref !== "string" || !ref.startsWith("#/$defs/")) return ref;
  const key = ref.slice("#/$defs/".length).replaceAll("~1", "/").replaceAll("~0", "~");
  const name = names.get(key);
  return name === undefined ? ref : refTo(name).$ref;
}

function refTo(name: string): Ref {
  return { $ref: `#/components/schemas/${name}` };
}

function nameOf(json: JsonSchema): string | undefined {
  const given = typeof json.title === "string" ? json.title : json.$id;
  return typeof given === "string" && given !== "" ? toName(given) : undefined;
}

/** What OpenAPI takes as the key of a component. */
function toName(text: string): string {
  return (
    text
      .replace(/^#/, "")
      .replace(/[^A-Za-z0-9._-]+/g, "_")
      .slice(0, 64) || "schema"
  );
}
