/**
 * Owns which answers of an operation become declared errors. It must never declare one that says nothing about the method:
 * our credentials (401, 407), the server's load (429, 503) and its failures (5xx) are Skein's own errors, with what is
 * known of their effect.
 */
import { http } from "../../core/node-modules.ts";
import { isJson, type Json, listOf, objectOf, type OpenApiDocument } from "./document.ts";
import { upperSnake } from "./names.ts";
import type { Schemas } from "./schemas.ts";

export interface ImportedError {
  readonly code: string;
  readonly status: number;
  readonly data: string | undefined;
}

const ours: ReadonlySet<number> = new Set([401, 407, 429]);
const depthMax = 16;

export function errorsOf(document: OpenApiDocument, schemas: Schemas, responses: Json): ImportedError[] {
  const errors = new Map<string, ImportedError>();
  for (const [key, given] of Object.entries(responses)) {
    const status = Number(key);
    if (!(status >= 400 && status <= 599)) continue;
    const content = Object.entries(objectOf(document.resolve(given)["content"])).find(([type]) => isJson(type));
    const schema = content === undefined ? undefined : objectOf(content[1])["schema"];
    for (const variant of variantsOf(document, schema)) {
      const error = errorOf(document, schemas, status, variant);
      // The same name under two statuses is two errors.
      if (error !== undefined) errors.set(errors.has(error.code) ? `${error.code}_${status}` : error.code, error);
    }
  }
  return [...errors].map(([code, error]) => ({ ...error, code }));
}

function errorOf(
  document: OpenApiDocument,
  schemas: Schemas,
  status: number,
  schema: unknown,
): ImportedError | undefined {
  const { code, data, isSkein } = named(document, schema, 0);
  if (isSkein) return undefined;
  if (code !== undefined) return { code, status, data: data === undefined ? undefined : schemas.text(data) };
  if (ours.has(status) || status >= 500) return undefined;
  const name = upperSnake(http.STATUS_CODES[status] ?? `status ${status}`);
  return { code: name, status, data: schema === undefined ? undefined : schemas.text(schema) };
}

function variantsOf(document: OpenApiDocument, schema: unknown): readonly unknown[] {
  const json = schema === undefined ? {} : document.resolve(schema);
  const options = [...listOf(json["oneOf"]), ...listOf(json["anyOf"])];
  return options.length === 0 ? [schema] : options;
}

interface Found {
  readonly code: string | undefined;
  readonly data: unknown;
  /** All of its codes are Skein's own: whoever reads the answer knows them already. */
  readonly isSkein: boolean;
}

/** The fixed `code` of a problem, and the schema of its `data`, wherever `allOf` has put them. */
function named(document: OpenApiDocument, schema: unknown, depth: number): Found {
  if (schema === undefined || depth > depthMax) return { code: undefined, data: undefined, isSkein: false };
  const json = document.resolve(schema);
  const { code, data } = objectOf(json["properties"]);
  const fixed = objectOf(code);
  const values = fixed["const"] === undefined ? listOf(fixed["enum"]) : [fixed["const"]];
  const texts = values.filter((value) => typeof value === "string");
  const isSkein =
    fixed["pattern"] === "^SKEIN_" || (texts.length > 0 && texts.every((text) => text.startsWith("SKEIN_")));
  const [only] = texts;
  const isName = texts.length === 1 && only !== undefined && /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(only);
  let found: Found = { code: isName && !isSkein ? only : undefined, data: isName ? data : undefined, isSkein };
  for (const part of listOf(json["allOf"])) {
    const inner = named(document, part, depth + 1);
    found = { code: found.code ?? inner.code, data: found.data ?? inner.data, isSkein: found.isSkein || inner.isSkein };
  }
  return found;
}
