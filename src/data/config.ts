/**
 * Owns `config()`: a service's settings from the environment, checked when it opens. It must never print a value: any of
 * them may be a secret.
 */
import type { InferOut, Schema } from "../contract/index.ts";
import { toIssues, validate } from "../contract/index.ts";
import { skeinError } from "../errors/index.ts";
import { createOwned, type OpenContext, type Owned } from "../system/index.ts";

/** Keys of one service's configuration that are looked up one by one. */
const keysMax = 1_000;

/**
 * Declares a service's configuration. Values come from `SKEIN_CONFIG_<SERVICE>`, a JSON object, and over it from
 * `<SERVICE>_<KEY>` variables: `ORDERS_MAX_LINES` sets `maxLines` of the service `orders`. A variable is text, unless it
 * reads as JSON and the schema does not take the text. Checked once, when the service opens: `SKEIN_CONFIG_INVALID` names
 * every wrong key and no value.
 * @since 0.1.0
 */
export function config<S extends Schema>(schema: S): Owned<InferOut<S>> {
  return createOwned("config", "config", async (context) => {
    const value = Object.freeze(await readConfig(schema, context));
    return { bind: () => value, close: () => Promise.resolve() };
  });
}

async function readConfig(schema: Schema, context: OpenContext): Promise<unknown> {
  const prefix = upperSnake(context.service);
  const base = parseBase(`SKEIN_CONFIG_${prefix}`, context.env);
  const texts = new Map<string, string>();
  for (const [variable, value] of Object.entries(context.env)) {
    if (value !== undefined && variable.startsWith(`${prefix}_`) && texts.size < keysMax) {
      texts.set(camel(variable.slice(prefix.length + 1)), value);
    }
  }
  const asText = { ...base, ...Object.fromEntries(texts) };
  const first = await validate(schema, asText);
  if (first.issues === undefined) return first.value;
  // Only what the schema refused as text is read as JSON: a password that looks like a number stays text.
  const refused = new Set(first.issues.map((issue) => rootKey(issue.path?.[0])));
  const second = { ...asText };
  for (const [key, text] of texts) if (refused.has(key)) second[key] = jsonOr(text);
  const again = await validate(schema, second);
  if (again.issues === undefined) return again.value;
  const named = toIssues(again.issues).map((issue) => nameOf(issue.path, prefix));
  throw skeinError(
    "SKEIN_CONFIG_INVALID",
    `configuration of ${context.service}: missing or wrong: ${[...new Set(named)].join(", ")}`,
  );
}

function parseBase(variable: string, env: OpenContext["env"]): Record<string, unknown> {
  const text = env[variable];
  if (text === undefined || text === "") return {};
  const value = jsonOr(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw skeinError("SKEIN_CONFIG_INVALID", `${variable} is not a JSON object`);
  }
  return value as Record<string, unknown>;
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

type Segment = PropertyKey | { readonly key: PropertyKey } | undefined;

function rootKey(segment: Segment): string {
  return String(typeof segment === "object" ? segment.key : segment);
}

/** `$.maxLines` as the key and the variable that sets it. */
function nameOf(path: string, prefix: string): string {
  const key = path === "$" ? undefined : path.slice(2);
  return key === undefined ? `SKEIN_CONFIG_${prefix}` : `${key} (${prefix}_${upperSnake(key)})`;
}

function upperSnake(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase();
}

function camel(name: string): string {
  return name.toLowerCase().replaceAll(/_+([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}
