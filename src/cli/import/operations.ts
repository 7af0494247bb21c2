/**
 * Owns turning operations into methods: names, where each field goes, outputs, errors. It must never make a method that would
 * send another request than the document describes: such an operation is left out, with the reason.
 */
import { isJson, type Json, listOf, objectOf, type OpenApiDocument, textOf } from "./document.ts";
import { errorsOf, type ImportedError } from "./errors.ts";
import { camel, Names } from "./names.ts";
import type { Schemas } from "./schemas.ts";

/** One method, as text. */
export interface ImportedMethod {
  readonly name: string;
  readonly kind: "query" | "action";
  readonly summary: string | undefined;
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly route: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly string[];
  readonly bodyField: string | undefined;
  readonly isKeyed: boolean;
  readonly errors: readonly ImportedError[];
  readonly notes: readonly string[];
}

/** An operation that is no method, and why. */
export interface LeftOut {
  readonly operation: string;
  readonly why: string;
}

export interface ImportedOperations {
  readonly methods: readonly ImportedMethod[];
  readonly leftOut: readonly LeftOut[];
}

const verbs = ["get", "put", "post", "patch", "delete", "head", "options", "trace"] as const;

/** A reason that ends the import of one operation. */
class NotSaid extends Error {}

export function operationsOf(document: OpenApiDocument, schemas: Schemas): ImportedOperations {
  const names = new Names();
  const methods: ImportedMethod[] = [];
  const leftOut: LeftOut[] = [];
  for (const [path, given] of Object.entries(objectOf(document.root["paths"]))) {
    const item = document.resolve(given);
    for (const verb of verbs) {
      if (item[verb] === undefined) continue;
      const operation = objectOf(item[verb]);
      const label = `${verb.toUpperCase()} ${path}`;
      try {
        methods.push(new Operation(document, schemas, verb, path, item, operation).method(names));
      } catch (error) {
        if (!(error instanceof NotSaid)) throw error;
        leftOut.push({ operation: label, why: error.message });
      }
    }
  }
  return { methods, leftOut };
}

interface Body {
  readonly schema: unknown;
  /** The field that it is, where it is not the input itself. */
  readonly field: string | undefined;
  readonly isRequired: boolean;
}

interface Field {
  readonly name: string;
  readonly text: string;
}

class Operation {
  readonly #document: OpenApiDocument;
  readonly #schemas: Schemas;
  readonly #verb: string;
  readonly #path: string;
  readonly #item: Json;
  readonly #operation: Json;
  readonly #fields: Field[] = [];
  readonly #headers: Record<string, string> = {};
  readonly #query: string[] = [];
  readonly #notes: string[] = [];
  readonly #pathNames = new Map<string, string>();
  #isKeyed = false;

  constructor(document: OpenApiDocument, schemas: Schemas, verb: string, path: string, item: Json, operation: Json) {
    this.#document = document;
    this.#schemas = schemas;
    this.#verb = verb;
    this.#path = path;
    this.#item = item;
    this.#operation = operation;
  }

  method(names: Names): ImportedMethod {
    const { operationId, summary, description } = this.#operation;
    if (this.#verb === "head" || this.#verb === "options" || this.#verb === "trace")
      throw new NotSaid(`${this.#verb.toUpperCase()} has no answer that a method could give`);
    if (this.#operation["x-skein-channel"] !== undefined || objectOf(this.#operation["responses"])["101"] !== undefined)
      throw new NotSaid("it is a channel (a WebSocket), and external services are called over HTTP");
    // Before anything is named: what is left out must not take a name.
    const success = this.#success();
    this.#parameters();
    const body = this.#body();
    const route = this.#route();
    const isQuery = this.#verb === "get";
    return {
      name: names.take(camel(textOf(operationId) ?? `${this.#verb} ${this.#path}`, "call")),
      kind: isQuery ? "query" : "action",
      summary: textOf(summary) ?? textOf(description),
      input: this.#input(body),
      ...success,
      route: `${this.#verb.toUpperCase()} ${route}`,
      headers: this.#headers,
      query: isQuery || this.#verb === "delete" ? [] : this.#query,
      bodyField: body?.field,
      isKeyed: this.#isKeyed,
      errors: errorsOf(this.#document, this.#schemas, objectOf(this.#operation["responses"])),
      notes: this.#notes,
    };
  }

  #parameters(): void {
    const all = new Map<string, Json>();
    for (const given of [...listOf(this.#item["parameters"]), ...listOf(this.#operation["parameters"])]) {
      const parameter = this.#document.resolve(given);
      all.set(`${String(parameter["in"])} ${String(parameter["name"])}`, parameter);
    }
    for (const parameter of all.values()) this.#parameter(parameter);
  }

  #parameter(parameter: Json): void {
    const name = textOf(parameter["name"]);
    const place = parameter["in"];
    if (name === undefined) throw new NotSaid("a parameter has no name");
    const isRequired = parameter["required"] === true || place === "path";
    const text = this.#schemas.text(this.#parameterSchema(parameter));
    if (place === "path") {
      const field = camel(name, "p");
      this.#pathNames.set(name, field);
      this.#add(field, text, true);
    } else if (place === "query") {
      if (parameter["style"] === "deepObject")
        throw new NotSaid(`its query parameter ${name} is an object in brackets`);
      const isJoined = parameter["explode"] === false || String(parameter["style"]).endsWith("Delimited");
      const isList = this.#document.resolve(this.#parameterSchema(parameter))["type"] === "array";
      if (isJoined && isList) this.#notes.push(`${name} is a list in one text, as the document joins it`);
      this.#query.push(name);
      this.#add(name, isJoined && isList ? "z.string()" : text, isRequired);
    } else if (place === "header") {
      this.#header(name, text, isRequired);
    } else if (isRequired) {
      throw new NotSaid(`it needs the cookie ${name}`);
    } else this.#notes.push(`the cookie ${name} is not sent`);
  }

  #header(name: string, text: string, isRequired: boolean): void {
    const header = name.toLowerCase();
    // Said elsewhere: as media types and as security.
    if (header === "accept" || header === "content-type" || header === "authorization") return;
    if (header === "idempotency-key") {
      // A gateway of ours takes the header for any action, and promises to keep it only where it says so.
      const isPlain = this.#operation["x-skein-kind"] === "action" && this.#operation["x-skein-keyed"] !== true;
      this.#isKeyed = !isPlain;
      return;
    }
    if (!/^[!#$%&'*+.^`|~0-9a-z-]+$/.test(header)) throw new NotSaid(`its header ${name} is not the name of one`);
    const field = camel(name, "h");
    this.#headers[header] = field;
    this.#add(field, text, isRequired);
  }

  /** A parameter has a schema, or one media type with a schema. */
  #parameterSchema(parameter: Json): unknown {
    return (
      parameter["schema"] ?? objectOf(Object.values(objectOf(parameter["content"]))[0])["schema"] ?? { type: "string" }
    );
  }

  #add(name: string, text: string, isRequired: boolean): void {
    if (name === "__proto__" || this.#fields.some((field) => field.name === name))
      throw new NotSaid(`two of its parameters are both ${name}`);
    const isOptional = !isRequired && !/\.default\(.*\)$/.test(text);
    this.#fields.push({ name, text: isOptional ? `${text}.optional()` : text });
  }

  #body(): Body | undefined {
    const given = this.#operation["requestBody"];
    if (given === undefined) return undefined;
    const body = this.#document.resolve(given);
    const isRequired = body["required"] === true;
    if (this.#verb === "get" || this.#verb === "delete") {
      if (isRequired) throw new NotSaid(`a ${this.#verb.toUpperCase()} with a body`);
      this.#notes.push("its body is not sent");
      return undefined;
    }
    const types = Object.entries(objectOf(body["content"]));
    const json = types.find(([type]) => isJson(type));
    if (json === undefined)
      throw new NotSaid(`it takes ${types.map(([type]) => type).join(", ") || "no media type"}, and Skein sends JSON`);
    const schema = objectOf(json[1])["schema"];
    const fields = this.#schemas.fieldsOf(schema);
    const others = new Set(this.#fields.map(({ name }) => name));
    const isMerged = fields !== undefined && isRequired && !Object.keys(fields).some((name) => others.has(name));
    if (isMerged || (others.size === 0 && isRequired)) return { schema, field: undefined, isRequired };
    const field = ["body", "content", "payload"].find((name) => !others.has(name));
    if (field === undefined) throw new NotSaid("its parameters leave no name for its body");
    return { schema, field, isRequired };
  }

  #input(body: Body | undefined): string | undefined {
    const lines = this.#fields.map(({ name, text }) => `${JSON.stringify(name)}: ${text},`);
    if (body?.field !== undefined) {
      const text = this.#schemas.text(body.schema);
      return objectText([...lines, `${body.field}: ${text}${body.isRequired ? "" : ".optional()"},`]);
    }
    if (body === undefined) return lines.length === 0 ? undefined : objectText(lines);
    const text = this.#schemas.text(body.schema);
    if (lines.length === 0) return text;
    if (/^[A-Z]\w*$/.test(text)) return `${text}.extend(${objectText(lines).slice("z.object(".length)}`;
    return objectText([...lines, ...this.#schemas.fieldLines(body.schema)]);
  }

  #route(): string {
    const segments = this.#path.split("/").slice(1);
    const named = segments.map((segment) => {
      const [, name] = /^\{([^{}]+)\}$/.exec(segment) ?? [];
      if (name === undefined) {
        if (/[{}*?#%\s:]/.test(segment)) throw new NotSaid(`a route cannot say "${segment}"`);
        return segment;
      }
      const field = this.#pathNames.get(name);
      if (field === undefined) throw new NotSaid(`its path names {${name}}, which is no parameter`);
      return `:${field}`;
    });
    return `/${named.join("/")}`;
  }

  #success(): { readonly output: string | undefined; readonly status: number | undefined } {
    const responses = Object.entries(objectOf(this.#operation["responses"]));
    const found =
      responses.filter(([status]) => /^2\d\d$/.test(status)).toSorted(([a], [b]) => Number(a) - Number(b))[0] ??
      responses.find(([status]) => /^2XX$/i.test(status)) ??
      (responses.some(([status]) => status.startsWith("3"))
        ? undefined
        : responses.find(([status]) => status === "default"));
    if (found === undefined) throw new NotSaid("it has no answer of success");
    const [code, given] = found;
    const content = Object.entries(objectOf(this.#document.resolve(given)["content"]));
    const number = Number(code);
    const status = Number.isNaN(number) || number === 200 || number === 204 ? undefined : number;
    if (content.length === 0) return { output: undefined, status };
    const json = content.find(([type]) => isJson(type) || type === "*/*");
    if (json !== undefined) return { output: this.#schemas.text(objectOf(json[1])["schema"]), status };
    if (content.some(([type]) => type.startsWith("text/plain"))) return { output: "z.string()", status };
    throw new NotSaid(`it answers ${content.map(([type]) => type).join(", ")}, and Skein reads JSON and plain text`);
  }
}

function objectText(lines: readonly string[]): string {
  const text = lines
    .map((line) => line.replace(/^"([A-Za-z_$][A-Za-z0-9_$]*)":/, "$1:"))
    .flatMap((line) => line.split("\n"))
    .map((line) => `  ${line}`)
    .join("\n");
  return `z.object({\n${text}\n})`;
}
