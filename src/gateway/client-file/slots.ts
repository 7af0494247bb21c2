/**
 * Owns what is left of a described schema for reading an answer: where instants, bigints and bytes are, and what tells the
 * alternatives apart. It must never change what `fromJson` makes of a value.
 */
import type { JsonSchema } from "../../contract/shapes.ts";

const kept = new Set(["type", "enum", "const", "$ref", "x-skein"]);

/** The schema without what reviving does not read; undefined when there is nothing to revive. */
export function slotsOf(json: JsonSchema): JsonSchema | undefined {
  if (!hasSlots(json)) return undefined;
  const { $defs, ...body } = json;
  const slots = prune(body, false);
  if ($defs === undefined || !JSON.stringify(body).includes('"$ref"')) return slots;
  return { ...slots, $defs: mapFields($defs, (def) => prune(def, true)) };
}

function hasSlots(json: unknown): boolean {
  return /"x-skein":"(?:instant|bigint|bytes)"/.test(JSON.stringify(json));
}

/** A reference may lead to a slot; following it here would not end. */
function mayHaveSlots(json: JsonSchema | boolean): boolean {
  return hasSlots(json) || JSON.stringify(json).includes('"$ref"');
}

function prune(json: JsonSchema, isAlternative: boolean): JsonSchema {
  const slots: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) if (kept.has(key)) slots[key] = value;
  // Which fields there must be tells alternatives apart, and nothing else.
  if (isAlternative && json.required !== undefined) slots["required"] = json.required;
  if (json.properties !== undefined) {
    const hasOthers = typeof json.additionalProperties === "object" && mayHaveSlots(json.additionalProperties);
    const fields = Object.entries(json.properties).filter(
      ([, field]) =>
        hasOthers || mayHaveSlots(field) || (isAlternative && /"(?:const|enum)":/.test(JSON.stringify(field))),
    );
    slots["properties"] = mapFields(Object.fromEntries(fields), (field) => prune(field, isAlternative));
  }
  if (typeof json.additionalProperties === "object" && mayHaveSlots(json.additionalProperties))
    slots["additionalProperties"] = prune(json.additionalProperties, isAlternative);
  if (typeof json.items === "object" && mayHaveSlots(json.items)) slots["items"] = prune(json.items, isAlternative);
  if (json.prefixItems?.some(mayHaveSlots) === true || (json.prefixItems !== undefined && slots["items"] !== undefined))
    slots["prefixItems"] = json.prefixItems.map((item) => prune(item, isAlternative));
  for (const key of ["anyOf", "oneOf", "allOf"] as const) {
    if (json[key] !== undefined) slots[key] = json[key].map((branch) => prune(branch, true));
  }
  return slots;
}

function mapFields(fields: Readonly<Record<string, JsonSchema>>, change: (field: JsonSchema) => JsonSchema) {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, change(field)]));
}
