/** Owns how one input becomes parameters and a body in the document. It must never describe a field twice. */
import { fieldNames, fieldShape, type JsonSchema, type SchemaShape } from "../contract/shapes.ts";
import type { Components } from "./openapi-components.ts";
import { downloadParameters } from "./openapi-transfers.ts";
import type { Route } from "./router.ts";

const keyParameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "The same key with the same input has one effect. At least 16 characters when anonymous; a random UUID is good.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};
const resumeParameter = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description: "Id of the last item received; the stream goes on after it.",
  schema: { type: "string" },
};

const resumeQuery = {
  name: "resume",
  in: "query",
  required: false,
  description: "Id of the last item received; the channel goes on after it.",
  schema: { type: "string", maxLength: 255 },
};

/** OpenAPI says these elsewhere: as security and as media types. A parameter of such a name is to be ignored. */
const saidElsewhere: ReadonlySet<string> = new Set(["authorization", "accept", "content-type"]);

/** Fields of the input that do not come from the query or the body. */
export function takenFields(route: Route): ReadonlySet<string> {
  const mapped = [...route.headers, ...route.cookies].map(([, field]) => field);
  return new Set([...route.pathNames, ...mapped, ...route.query]);
}

/**
 * Whether the same key has one effect. A plain action gets the key and need not keep it: a document that named the header
 * there would make clients repeat what happens twice.
 */
function keepsKey({ method }: Route): boolean {
  return method.kind === "command" || method.kind === "workflow" || isKeyedAction(method);
}

export function isKeyedAction({ kind, http }: Route["method"]): boolean {
  return kind === "action" && http?.keyed === true;
}

export function parametersOf(route: Route, input: SchemaShape, components: Components): object[] {
  const parameter = (place: string, name: string, field: string, isRequired: boolean) => {
    const { description, ...json } = withoutTwins(fieldShape(input, field)?.json ?? { type: "string" });
    return {
      name,
      in: place,
      required: isRequired,
      ...(typeof description === "string" && { description }),
      schema: components.inline(json),
    };
  };
  const required = requiredOf(input.json, input.json);
  const taken = takenFields(route);
  const parameters: object[] = [
    ...route.pathNames.map((name) => parameter("path", name, name, true)),
    ...route.headers
      .filter(([header]) => !saidElsewhere.has(header))
      .map(([header, field]) => parameter("header", header, field, required.has(field))),
    ...route.cookies.map(([cookie, field]) => parameter("cookie", cookie, field, required.has(field))),
  ];
  for (const name of route.query) parameters.push(parameter("query", name, name, required.has(name)));
  if (route.readsQuery && route.hasInput) {
    for (const name of fieldNames(input) ?? Object.keys(input.json.properties ?? {})) {
      if (!taken.has(name)) parameters.push(parameter("query", name, name, required.has(name)));
    }
  }
  parameters.push(...downloadParameters(route));
  if (keepsKey(route)) parameters.push(keyParameter);
  if (route.channel !== undefined) parameters.push(resumeQuery);
  else if (route.isStream) parameters.push(resumeParameter);
  return parameters;
}

/** Alternatives of an input often have one field alike. */
function withoutTwins(json: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = json;
  if (anyOf === undefined) return json;
  const alternatives = [...new Map(anyOf.map((part) => [JSON.stringify(part), part])).values()];
  const [only] = alternatives;
  return only !== undefined && alternatives.length === 1 ? { ...rest, ...only } : { ...rest, anyOf: alternatives };
}

/** The body without what path, headers and cookies give; undefined where nothing is left for one. */
export function bodyOf(route: Route, input: SchemaShape, components: Components): object | undefined {
  const { body } = route.method;
  if (body !== undefined) {
    // Bytes have no schema: in OpenAPI 3.1 the content type says it.
    return { required: true, content: Object.fromEntries((body.types ?? ["*/*"]).map((type) => [type, {}])) };
  }
  if (route.readsQuery || !route.hasInput) return undefined;
  const taken = takenFields(route);
  if (route.bodyField !== undefined) {
    const schema = components.add(fieldShape(input, route.bodyField)?.json ?? {});
    const isRequired = requiredOf(input.json, input.json).has(route.bodyField);
    return { required: isRequired, content: { "application/json": { schema } } };
  }
  if (taken.size === 0) {
    const schema = components.add(input.json);
    return { required: input.json["x-skein"] !== "nothing", content: { "application/json": { schema } } };
  }
  const names = fieldNames(input);
  if (names !== undefined && [...names].every((name) => taken.has(name))) return undefined;
  const isRequired = [...requiredOf(input.json, input.json)].some((name) => !taken.has(name));
  const { title: _, $id: __, ...rest } = without(input.json, taken, input.json, 0);
  return { required: isRequired, content: { "application/json": { schema: components.add(rest) } } };
}

const depthMax = 16;

/** The schema without some fields, in each of its alternatives. */
export function without(json: JsonSchema, taken: ReadonlySet<string>, root: JsonSchema, depth: number): JsonSchema {
  if (depth > depthMax) return json;
  const target = targetOf(json, root);
  if (target !== json) return without(target, taken, root, depth + 1);
  const { properties, required, oneOf, ...others } = json;
  const each = (parts: readonly JsonSchema[]) => parts.map((part) => without(part, taken, root, depth + 1));
  const stillRequired = (required ?? []).filter((name) => !taken.has(name));
  return {
    ...others,
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !taken.has(name))),
    }),
    ...(stillRequired.length > 0 && { required: stillRequired }),
    ...(json.anyOf !== undefined && { anyOf: each(json.anyOf) }),
    // What told the alternatives apart may be what is gone.
    ...(oneOf !== undefined && { anyOf: each(oneOf) }),
    ...(json.allOf !== undefined && { allOf: each(json.allOf) }),
  };
}

/** Names without which no alternative of the input can be right. */
function requiredOf(json: JsonSchema, root: JsonSchema, depth = 0): ReadonlySet<string> {
  if (depth > depthMax) return new Set();
  const target = targetOf(json, root);
  if (target !== json) return requiredOf(target, root, depth + 1);
  const names = new Set(json.required);
  for (const part of json.allOf ?? []) for (const name of requiredOf(part, root, depth + 1)) names.add(name);
  for (const parts of [json.anyOf, json.oneOf]) {
    const [first = new Set<string>(), ...more] = (parts ?? []).map((part) => requiredOf(part, root, depth + 1));
    for (const name of first) if (more.every((other) => other.has(name))) names.add(name);
  }
  return names;
}

function targetOf(json: JsonSchema, root: JsonSchema): JsonSchema {
  if (json.$ref === "#") return root;
  if (json.$ref?.startsWith("#/$defs/") !== true) return json;
  return root.$defs?.[json.$ref.slice("#/$defs/".length).replaceAll("~1", "/").replaceAll("~0", "~")] ?? json;
}
