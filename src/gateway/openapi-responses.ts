/** Owns the responses of one operation: its success, its declared errors by status, and what any request can meet. */
import { isStream } from "../contract/index.ts";
import { describeSchema, type JsonSchema } from "../contract/shapes.ts";
import type { Components } from "./openapi-components.ts";
import type { Route } from "./router.ts";
import { statusText } from "./status-text.ts";

type Responses = Record<string, object>;

const statusDeclared = 422;

export async function responsesOf(route: Route, components: Components): Promise<Responses> {
  const responses: Responses = { [route.status]: await successOf(route, components) };
  for (const [status, errors] of await declaredErrors(route, components)) {
    const text = errors.map((error) => error.code).join(", ");
    const schemas = errors.map((error) => error.schema);
    // A client may also meet a problem without declared data under this status.
    responses[status] = problemResponse(schemas.length === 1 ? (schemas[0] as JsonSchema) : { oneOf: schemas }, text);
  }
  const problem = components.define("Problem", problemSchema);
  if (route.hasInput) responses[400] ??= problemResponse(problem, "The input does not match");
  responses.default = problemResponse(problem, "Any other error");
  return responses;
}

async function successOf(route: Route, components: Components): Promise<object> {
  const description = statusText(route.status) ?? "Success";
  if (route.status === 204) return { description };
  const { output } = route.method;
  const shape = await describeSchema(isStream(output) ? output.item : output, "output");
  if (shape.json["x-skein"] === "nothing") return { description };
  const schema = components.add(forReaders(shape.json));
  if (!route.isStream) return { description, content: { "application/json": { schema } } };
  return {
    description: "A stream: one item per line, or per event when the client accepts text/event-stream",
    content: { "application/x-ndjson": { schema }, "text/event-stream": { schema: { type: "string" } } },
  };
}

async function declaredErrors(
  route: Route,
  components: Components,
): Promise<Map<number, { code: string; schema: JsonSchema }[]>> {
  const byStatus = new Map<number, { code: string; schema: JsonSchema }[]>();
  for (const [code, spec] of Object.entries(route.method.errors)) {
    const status = spec.status ?? statusDeclared;
    const data =
      spec.data === undefined
        ? undefined
        : components.add(forReaders((await describeSchema(spec.data, "output")).json));
    const schema: JsonSchema = {
      allOf: [
        components.define("Problem", problemSchema) as JsonSchema,
        {
          type: "object",
          properties: { code: { const: code }, ...(data !== undefined && { data: data as JsonSchema }) },
          required: data === undefined ? ["code"] : ["code", "data"],
        },
      ],
    };
    byStatus.set(status, [...(byStatus.get(status) ?? []), { code, schema }]);
  }
  return byStatus;
}

/** A reader drops fields it does not know, so that a newer server may add some: the document must not forbid them. */
function forReaders<T>(json: T): T {
  if (Array.isArray(json)) return json.map(forReaders) as T;
  if (typeof json !== "object" || json === null) return json;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (key !== "additionalProperties" || value !== false) copy[key] = forReaders(value);
  }
  return copy as T;
}

function problemResponse(schema: object, description: string): object {
  return { description, content: { "application/problem+json": { schema } } };
}

const problemSchema: JsonSchema = {
  type: "object",
  title: "Problem",
  description: "An error, as RFC 9457 problem details.",
  properties: {
    type: { type: "string", format: "uri" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string", description: "A name the contract declares, or a SKEIN_* code." },
    outcome: { enum: ["not_started", "unknown", "failed"], description: "Whether the call took effect." },
    retry: { type: "boolean", description: "Whether the same request may be sent again." },
    data: true as unknown as JsonSchema,
    traceId: { type: "string" },
  },
  required: ["type", "title", "status", "code", "outcome", "retry", "traceId"],
};
