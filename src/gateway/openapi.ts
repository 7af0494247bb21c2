/**
 * Owns the OpenAPI 3.1 document of a system's contracts. It must never read policies beyond what callers see over HTTP.
 */
import { describeSchema, fieldNames, fieldShape, type JsonSchema, type SchemaShape } from "../contract/shapes.ts";
import type { System } from "../system/index.ts";
import { Components } from "./openapi-components.ts";
import { responsesOf } from "./openapi-responses.ts";
import { type Route, routesOf } from "./router.ts";

/** What the document's `info` says. */
export interface OpenApiInfo {
  readonly title?: string;
  readonly version?: string;
}

/**
 * The OpenAPI 3.1 document of every route of a system. Schemas that their library cannot describe are left open, and
 * say so in their description.
 * @since 0.1.0
 */
export async function renderOpenApi(system: System, info: OpenApiInfo = {}): Promise<object> {
  const components = new Components();
  const paths: Record<string, Record<string, unknown>> = {};
  const routes = routesOf(system);
  for (const route of routes) {
    const path = toTemplate(route.path);
    (paths[path] ??= {})[route.verb.toLowerCase()] = await operationOf(route, components);
  }
  return {
    openapi: "3.1.0",
    info: { title: info.title ?? system.name, version: info.version ?? "0.0.0" },
    tags: [...new Set(routes.map((route) => route.service))].map((name) => ({ name })),
    paths,
    components: { schemas: components.schemas() },
  };
}

/** `/orders/{id}`: a brace that is plain text in the route would be a parameter here. */
function toTemplate(path: string): string {
  return path
    .split("/")
    .map((segment) =>
      segment.startsWith(":") ? `{${segment.slice(1)}}` : segment.replaceAll("{", "%7B").replaceAll("}", "%7D"),
    )
    .join("/");
}

async function operationOf(route: Route, components: Components): Promise<object> {
  const input = await describeSchema(route.method.input, "input");
  const taken = new Set([...route.pathNames, ...route.headers.map(([, field]) => field)]);
  const parameters = parametersOf(route, input, taken, components);
  const body = route.readsQuery || !route.hasInput ? undefined : bodyOf(input, taken, components);
  return {
    operationId: route.id,
    tags: [route.service],
    ...(route.method.summary !== undefined && { summary: route.method.summary }),
    "x-skein-kind": route.method.kind,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: await responsesOf(route, components),
  };
}

function parametersOf(route: Route, input: SchemaShape, taken: ReadonlySet<string>, components: Components): object[] {
  const parameter = (place: string, name: string, field: string, isRequired: boolean) => ({
    name,
    in: place,
    required: isRequired,
    schema: components.inline(fieldShape(input, field)?.json ?? { type: "string" }),
  });
  const required = requiredOf(input.json);
  const parameters: object[] = [
    ...route.pathNames.map((name) => parameter("path", name, name, true)),
    ...route.headers.map(([header, field]) => parameter("header", header, field, required.has(field))),
  ];
  if (route.readsQuery && route.hasInput) {
    for (const name of fieldNames(input) ?? declaredNames(input.json)) {
      if (!taken.has(name)) parameters.push(parameter("query", name, name, required.has(name)));
    }
  }
  if (route.method.kind !== "query") parameters.push(keyParameter);
  if (route.isStream) parameters.push(resumeParameter);
  return parameters;
}

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

/** The body without what path and headers give. */
function bodyOf(input: SchemaShape, taken: ReadonlySet<string>, components: Components): object | undefined {
  const { properties, required } = input.json;
  if (taken.size === 0 || properties === undefined) {
    const schema = components.add(input.json);
    return { required: !allowsAbsence(input.json), content: { "application/json": { schema } } };
  }
  const rest = Object.fromEntries(Object.entries(properties).filter(([name]) => !taken.has(name)));
  if (Object.keys(rest).length === 0) return undefined;
  const { title: _, $id: __, required: ___, ...others } = input.json;
  const stillRequired = (required ?? []).filter((name) => !taken.has(name));
  const json: JsonSchema = {
    ...others,
    properties: rest,
    ...(stillRequired.length > 0 && { required: stillRequired }),
  };
  return { required: stillRequired.length > 0, content: { "application/json": { schema: components.add(json) } } };
}

function requiredOf(json: JsonSchema): ReadonlySet<string> {
  return new Set(json.required ?? []);
}

function declaredNames(json: JsonSchema): string[] {
  return Object.keys(json.properties ?? {});
}

/** Whether a request without a body can be right: the shape says that nothing may be there. */
function allowsAbsence(json: JsonSchema): boolean {
  return json["x-skein"] === "nothing";
}
