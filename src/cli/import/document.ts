/**
 * Owns reading an OpenAPI document from a file, and following its references. It must never fetch anything: a document whose
 * parts are elsewhere is refused.
 */
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { skeinError, type SkeinError } from "../../errors/index.ts";

export type Json = Readonly<Record<string, unknown>>;

const bytesMax = 16_777_216;
/** References that lead to references. */
const hopsMax = 16;

export interface OpenApiDocument {
  readonly root: Json;
  /** Whether its schemas are those of 3.0: `nullable`, boolean `exclusiveMinimum`. */
  readonly isOld: boolean;
  /** The value a reference leads to; the value itself when it is none. Throws for one that leads nowhere. */
  resolve(value: unknown): Json;
}

/** Throws `SKEIN_OPENAPI_INVALID`. YAML needs the package `yaml`. */
export async function readDocument(file: string): Promise<OpenApiDocument> {
  const shown = path.basename(file);
  let text: string;
  try {
    if (statSync(file).size > bytesMax) throw invalid(`${shown} is larger than ${bytesMax} bytes`);
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "SKEIN_OPENAPI_INVALID") throw cause;
    throw invalid(`${shown} cannot be read`, cause);
  }
  return toDocument(shown, await parse(shown, text));
}

/** The document in a parsed value. Throws `SKEIN_OPENAPI_INVALID` for anything but OpenAPI 3.0 and 3.1. */
export function toDocument(shown: string, value: unknown): OpenApiDocument {
  const root = objectOf(value);
  const version = typeof root["openapi"] === "string" ? root["openapi"] : "";
  if (!/^3\.[01]\./.test(version)) {
    const found =
      version === "" ? (root["swagger"] === undefined ? "no version" : "Swagger 2") : `OpenAPI ${version.slice(0, 20)}`;
    throw invalid(`${shown} is ${found}: OpenAPI 3.0 and 3.1 can be imported`);
  }
  const resolve = (given: unknown): Json => {
    let current = given;
    for (let hops = 0; hops < hopsMax; hops++) {
      const ref = objectOf(current)["$ref"];
      if (typeof ref !== "string") return objectOf(current);
      current = follow(root, ref);
    }
    throw invalid("a reference leads to references only");
  };
  return { root, isOld: version.startsWith("3.0"), resolve };
}

export function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** Whether a media type is JSON, by its name or its suffix. */
export function isJson(type: string): boolean {
  const plain = (type.split(";", 1)[0] ?? "").trim().toLowerCase();
  return plain === "application/json" || plain === "text/json" || plain.endsWith("+json");
}

export function invalid(detail: string, cause?: unknown): SkeinError {
  return skeinError("SKEIN_OPENAPI_INVALID", detail, { cause });
}

function follow(root: Json, ref: string): unknown {
  if (!ref.startsWith("#/"))
    throw invalid(`the reference ${JSON.stringify(ref.slice(0, 100))} leads out of the document: bundle it first`);
  let current: unknown = root;
  for (const part of ref.slice(2).split("/")) {
    const key = decode(part).replaceAll("~1", "/").replaceAll("~0", "~");
    current = Object.hasOwn(Object(current) as object, key) ? (current as Json)[key] : undefined;
  }
  if (current === undefined) throw invalid(`the reference ${JSON.stringify(ref.slice(0, 100))} leads nowhere`);
  return current;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function parse(shown: string, text: string): Promise<unknown> {
  const isJson = /^\s*\{/.test(text);
  try {
    if (isJson) return JSON.parse(text) as unknown;
  } catch (cause) {
    throw invalid(`${shown} is not well-formed JSON`, cause);
  }
  const yaml = await loadYaml(shown);
  try {
    // Aliases could multiply a small file into a huge value.
    return yaml.parse(text, { maxAliasCount: 100 }) as unknown;
  } catch (cause) {
    throw invalid(`${shown} is not well-formed YAML`, cause);
  }
}

async function loadYaml(shown: string): Promise<typeof import("yaml")> {
  try {
    return await import("yaml");
  } catch (cause) {
    throw Object.assign(invalid(`${shown} is YAML, and the package yaml is not installed`, cause), {
      fix: "Run npm install --save-dev yaml, or convert the document to JSON.",
    });
  }
}
