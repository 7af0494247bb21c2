/** Owns the responses of one operation: its success, its errors by status, and the headers of each. */
import { isBytes, isStream, nothing, type Schema } from "../contract/index.ts";
import { describeSchema, isRedirect, type JsonSchema, repliedFields } from "../contract/shapes.ts";
import type { Components } from "./openapi-components.ts";
import { type DeclaredProblem, declaredProblems, skeinProblem } from "./openapi-problems.ts";
import { forReaders } from "./openapi-readers.ts";
import { leftForBody, replyHeaders, statusesOf } from "./openapi-reply.ts";
import { refusalsOf, type Security } from "./openapi-security.ts";
import type { Route } from "./router.ts";
import { downloadResponses, transferRefusals } from "./openapi-transfers.ts";
import { statusText } from "./status-text.ts";

type Responses = Record<string, object>;

/** Shared by every answer; written once under `components.headers`. */
export const responseHeaders = {
  "X-Request-Id": {
    description: "The trace id, by which the log and the recorder know this request.",
    schema: { type: "string", pattern: "^[0-9a-f]{32}$" },
  },
  "Retry-After": { description: "Seconds to wait before sending it again.", schema: { type: "integer", minimum: 1 } },
};

const requestId = { "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" } };
const retryAfter = { "Retry-After": { $ref: "#/components/headers/Retry-After" } };
const mayAskToWait: ReadonlySet<number> = new Set([409, 429, 503]);

export async function responsesOf(route: Route, security: Security, components: Components): Promise<Responses> {
  const responses: Responses = {};
  if (route.channel !== undefined) Object.assign(responses, channelResponses(components));
  else if (isBytes(route.method.output))
    Object.assign(responses, downloadResponses(route, route.method.output.type, requestId));
  else for (const status of statusesOf(route)) responses[status] = await successOf(route, status, components);
  const declared = await declaredProblems(route, components);
  const own = ownStatuses(route, security);
  for (const status of [...new Set([...declared.keys(), ...own.keys()])].toSorted((a, b) => a - b)) {
    responses[status] = problemsOf(status, declared.get(status) ?? [], own.get(status), components);
  }
  responses["default"] = problemResponse(skeinProblem(undefined, components), "Any other error", mayAskToWait);
  return responses;
}

/** What Skein itself answers on the way to this method, beside what any request can meet (`default`). */
function ownStatuses(route: Route, security: Security): Map<number, string> {
  const own = new Map<number, string>();
  // Without an input too: a bad percent sign, a body with GET, a key that is not usable.
  own.set(400, route.hasInput ? "The input does not match" : "The request is not valid");
  for (const [status, text] of refusalsOf(route, security)) own.set(status, text);
  if (route.method.kind === "command") own.set(409, "The idempotency key is in use, or was used with another input");
  for (const [status, text] of transferRefusals(route)) own.set(status, text);
  if (route.rate !== undefined) own.set(429, "Called more often than the policy allows");
  return own;
}

function problemsOf(
  status: number,
  declared: readonly DeclaredProblem[],
  own: string | undefined,
  components: Components,
): object {
  const texts = declared.map(({ text }) => text);
  const schemas: object[] = declared.map(({ schema }) => schema);
  // 503 and 429 can be met anywhere: a client that tells errors apart by code must expect them beside declared ones.
  if (own !== undefined || status === 503 || status === 429) schemas.push(skeinProblem(status, components));
  if (own !== undefined) texts.push(own);
  const schema = schemas.length === 1 ? (schemas[0] as JsonSchema) : { oneOf: schemas };
  return problemResponse(schema, texts.join("; "), mayAskToWait.has(status) ? mayAskToWait : undefined);
}

async function successOf(route: Route, status: number, components: Components): Promise<object> {
  const { output, http } = route.method;
  const description = statusText(status) ?? "Success";
  // Bytes were told apart before.
  const value: Schema = isStream(output) ? output.item : isBytes(output) ? nothing : output;
  const shape = await describeSchema(value, "output");
  const head = { description, headers: { ...requestId, ...replyHeaders(http?.reply, shape, components) } };
  if (status === 204 || status === 205 || isRedirect(status) || shape.json["x-skein"] === "nothing") return head;
  const schema = components.add(forReaders(leftForBody(shape.json, repliedFields(http?.reply))));
  if (!route.isStream) return { ...head, content: { "application/json": { schema } } };
  return {
    ...head,
    description: "A stream: one item per line, or per event when the client accepts text/event-stream",
    content: {
      "application/x-ndjson": { schema },
      "text/event-stream": {
        schema: { type: "string", description: eventsText(isStream(output) ? output.id : undefined) },
      },
    },
  };
}

/** OpenAPI has no word for what comes after the upgrade; the guide "Streams" has. */
function channelResponses(components: Components): Responses {
  return {
    101: {
      description: "A WebSocket of the protocol skein.channel.1, with items in both directions",
      headers: requestId,
    },
    426: problemResponse(skeinProblem(426, components), "The request does not ask for a WebSocket", undefined),
  };
}

function eventsText(id: string | undefined): string {
  const resumed = id === undefined ? "" : `; \`id:\` is the item's field ${id}, for Last-Event-ID`;
  return `Server-sent events: the JSON of one item in \`data:\`${resumed}; \`event: error\` carries a Problem, \`event: end\` closes`;
}

function problemResponse(schema: object, description: string, waiting: ReadonlySet<number> | undefined): object {
  return {
    description,
    headers: { ...requestId, ...(waiting !== undefined && retryAfter) },
    content: { "application/problem+json": { schema } },
  };
}
