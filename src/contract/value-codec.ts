/**
 * Owns the self-describing text form of the value set: JSON, with a tag for what JSON cannot say. It is what is stored
 * with an idempotency key and what far-semantics tests send. It must never revive anything outside the value set.
 */
import { ValueSetError } from "../core/index.ts";

const tag = "$";
/** Deeper text is refused before it can exhaust the stack; the copy refuses values of this depth too. */
const depthMax = 64;
/** Turning text into a bigint costs more than its length, so a peer may not send any length. */
const digits = /^-?\d{1,4096}$/;
const refusedKeys = new Set(["__proto__", "constructor", "prototype"]);

/** The text of a value. `undefined` is the empty text. Throws `ValueSetError` outside the value set. */
export function encodeValue(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(toTagged(value, "$", 0, false));
}

/** The same text for equal values, whatever the order of their keys: for hashes and cache keys. */
export function canonicalValue(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(toTagged(value, "$", 0, true));
}

/** The value of a text made by `encodeValue`. Throws `ValueSetError` for any other text. */
export function decodeValue(text: string): unknown {
  if (text === "") return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ValueSetError("$", "text that is not JSON");
  }
  return fromTagged(json, "$", 0);
}

function toTagged(value: unknown, path: string, depth: number, sorted: boolean): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new ValueSetError(path, String(value));
      return Object.is(value, -0) ? { [tag]: "-0" } : value;
    case "bigint":
      return { [tag]: "bigint", v: toDigits(value, path) };
    case "object":
      return value === null ? null : toTaggedObject(value, path, depth, sorted);
    default:
      throw new ValueSetError(path, typeof value);
  }
}

function toTaggedObject(value: object, path: string, depth: number, sorted: boolean): unknown {
  if (depth > depthMax) throw new ValueSetError(path, `more than ${depthMax} levels`);
  // Array.from, since map would leave a hole a hole, which JSON makes a null.
  if (Array.isArray(value))
    return Array.from(value as unknown[], (item, i) => toTagged(item, `${path}[${i}]`, depth + 1, sorted));
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new ValueSetError(path, "invalid Date");
    return { [tag]: "instant", v: value.toISOString() };
  }
  if (value instanceof Uint8Array) return { [tag]: "bytes", v: toBase64(value) };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new ValueSetError(path, value.constructor?.name ?? "object");
  const keys = Object.keys(value);
  if (sorted) keys.sort();
  const fields: Record<string, unknown> = {};
  for (const key of keys) {
    if (refusedKeys.has(key)) throw new ValueSetError(`${path}.${key}`, "a refused key");
    const field = (value as Record<string, unknown>)[key];
    if (field !== undefined) fields[key] = toTagged(field, `${path}.${key}`, depth + 1, sorted);
  }
  // A user's own "$" is wrapped, so that a tag is always ours.
  return tag in fields ? { [tag]: "object", v: fields } : fields;
}

function fromTagged(json: unknown, path: string, depth: number): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) {
    if (depth > depthMax) throw new ValueSetError(path, `more than ${depthMax} levels`);
    return json.map((item, i) => fromTagged(item, `${path}[${i}]`, depth + 1));
  }
  const fields = json as Record<string, unknown>;
  if (!Object.hasOwn(fields, tag)) return fromFields(fields, path, depth);
  const v = fields.v;
  switch (fields[tag]) {
    case "-0":
      return -0;
    case "bigint":
      if (typeof v === "string" && digits.test(v)) return BigInt(v);
      break;
    case "instant":
      if (typeof v === "string" && !Number.isNaN(Date.parse(v))) return new Date(v);
      break;
    case "bytes":
      if (typeof v === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(v)) return fromBase64(v);
      break;
    case "object":
      if (typeof v === "object" && v !== null && !Array.isArray(v))
        return fromFields(v as Record<string, unknown>, path, depth);
      break;
    default:
  }
  throw new ValueSetError(path, "an unknown tag");
}

function fromFields(fields: Record<string, unknown>, path: string, depth: number): Record<string, unknown> {
  if (depth > depthMax) throw new ValueSetError(path, `more than ${depthMax} levels`);
  const value: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    if (refusedKeys.has(key)) throw new ValueSetError(`${path}.${key}`, "a refused key");
    value[key] = fromTagged(fields[key], `${path}.${key}`, depth + 1);
  }
  return value;
}

/** What could not be read back must not be written: an idempotency key would answer with it for ever. */
function toDigits(value: bigint, path: string): string {
  const text = value.toString();
  if (!digits.test(text)) throw new ValueSetError(path, "a bigint of more than 4,096 digits");
  return text;
}

// btoa and atob are everywhere this file may run, browsers and workers included; Buffer is not.
function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new ValueSetError("$", "bytes that are not base64");
  }
}
