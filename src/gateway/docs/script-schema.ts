/** Owns how `/docs` shows a JSON Schema and makes an example of it. Part of the page's program, see `script.ts`. */

export const docsScriptSchema = String.raw`
function deref(schema) {
  for (let i = 0; i < 32 && schema && schema.$ref; i++) schema = api.components.schemas[schema.$ref.split("/").pop()];
  return schema === undefined || schema === true ? {} : schema === false ? { not: {} } : schema;
}
/** allOf of objects is shown as one object, which is what a reader means by it. */
function merged(given) {
  const schema = deref(given);
  if (!schema.allOf) return schema;
  const { allOf, ...rest } = schema;
  const parts = allOf.map(merged);
  const properties = Object.assign({}, ...parts.map((p) => p.properties), rest.properties);
  return { ...Object.assign({}, ...parts), ...rest, properties, required: parts.flatMap((p) => p.required || []).concat(rest.required || []) };
}
const slots = { instant: "instant (RFC 3339)", bigint: "whole number as text", bytes: "base64", nothing: "nothing", "self-describing": "any" };
function typeText(given) {
  const name = given && given.$ref ? given.$ref.split("/").pop() : "";
  const schema = merged(given);
  if (name) return name;
  if (schema["x-skein"]) return slots[schema["x-skein"]] || "any";
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(" | ");
  const branches = schema.anyOf || schema.oneOf;
  if (branches) return [...new Set(branches.map(typeText))].join(" | ");
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type;
  if (type === "array") return (schema.items ? typeText(schema.items) : "any") + "[]";
  return (type || (schema.properties ? "object" : "any")) + (schema.format ? " (" + schema.format + ")" : "");
}
function rulesText(schema) {
  const rules = [];
  const say = (key, label) => schema[key] !== undefined && rules.push(label + " " + JSON.stringify(schema[key]));
  const span = (low, high, noun) => {
    const [from, to] = [schema[low], schema[high]];
    if (from === undefined && to === undefined) return;
    const words = (n) => n + " " + (n === 1 ? noun : noun + "s");
    if (to === undefined) rules.push("at least " + words(from));
    else if (from === to) rules.push("exactly " + words(to));
    else rules.push(from ? from + " to " + words(to) : "at most " + words(to));
  };
  const limit = (value) => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (limit(schema.minimum)) say("minimum", "from"); say("exclusiveMinimum", "above");
  if (limit(schema.maximum)) say("maximum", "to"); say("exclusiveMaximum", "below");
  span("minLength", "maxLength", "character"); span("minItems", "maxItems", "item");
  if (!schema.format && !schema["x-skein"]) say("pattern", "pattern"); say("multipleOf", "multiple of");
  if (schema.default !== undefined) rules.push("default " + JSON.stringify(schema.default));
  return rules.join(", ");
}
function childrenOf(schema, depth) {
  if (depth > 6) return el("p.one", {}, "and so on");
  if (schema.properties && Object.keys(schema.properties).length > 0) {
    const required = schema.required || [];
    return el("ul.fields", {}, Object.entries(schema.properties).map(([name, s]) => fieldItem(name, s, required.includes(name), undefined, undefined, depth + 1)));
  }
  if (schema.type === "array" && schema.items) return childrenOf(merged(schema.items), depth);
  if (typeof schema.additionalProperties === "object") return el("ul.fields", {}, fieldItem("any name", schema.additionalProperties, false, undefined, undefined, depth + 1));
  const branches = (schema.anyOf || schema.oneOf || []).map((branch) => [typeText(branch), childrenOf(merged(branch), depth)]).filter(([, view]) => view);
  if (branches.length === 1) return branches[0][1];
  if (branches.length > 1) return el("div", {}, branches.map(([type, view]) => el("div", {}, el("p.one", {}, "one of: " + type), view)));
  return undefined;
}
function fieldItem(name, given, isRequired, description, place, depth) {
  const schema = merged(given);
  const rules = rulesText(schema);
  const about = description || schema.description;
  const children = childrenOf(schema, depth || 0);
  return el("li", {}, el("div.line", {}, el("span.name", {}, name), el("span.type", {}, typeText(given)), isAnswer ? !isRequired && el("span.where", {}, "may be absent") : isRequired && el("span.req", {}, "required"), place && el("span.where", {}, place)),
    about && el("p.desc", {}, prose(about)), rules && el("p.rules", {}, rules), children);
}
/** In an answer what may be absent is worth saying, in a request what must be there. */
let isAnswer = false;
function schemaView(given, asAnswer) {
  isAnswer = asAnswer === true;
  try { return schemaNode(given); } finally { isAnswer = false; }
}
function schemaNode(given) {
  const schema = merged(given);
  const children = childrenOf(schema, 0);
  const rules = rulesText(schema);
  return el("div", {}, el("p.one", {}, el("span.type", {}, typeText(given))), schema.description && el("p.desc", {}, prose(schema.description)), rules && el("p.rules", {}, rules), children);
}

/** A value that the schema would most likely take. */
function example(given, name, depth) {
  const schema = merged(given);
  const level = depth || 0;
  if (schema.example !== undefined) return schema.example;
  if (schema.examples && schema.examples.length > 0) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (level > 6) return null;
  const branches = schema.anyOf || schema.oneOf;
  if (branches) return example(branches[0], name, level + 1);
  if (schema["x-skein"] === "instant" || schema.format === "date-time") return new Date().toISOString();
  if (schema["x-skein"] === "bigint") return "1";
  if (schema["x-skein"] === "bytes") return "AAEC";
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || schema.properties) {
    const required = schema.required || [];
    const names = Object.keys(schema.properties || {}).filter((n) => required.includes(n) || Object.keys(schema.properties).length <= 4);
    return Object.fromEntries(names.map((n) => [n, example(schema.properties[n], n, level + 1)]));
  }
  if (type === "array") return schema.items ? [example(schema.items, name, level + 1)] : [];
  if (type === "integer" || type === "number") return schema.minimum > 0 ? schema.minimum : schema.exclusiveMinimum >= 0 ? schema.exclusiveMinimum + 1 : 1;
  if (type === "boolean") return true;
  if (schema.format === "email") return "ada@example.com";
  if (schema.format === "uuid") return "3f1b7a52-6c1e-4d0a-9a57-0f2a6d1c8e21";
  if (schema.format === "date") return new Date().toISOString().slice(0, 10);
  return type === "string" ? (name || "text") : null;
}
`;
