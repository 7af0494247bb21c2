/**
 * Owns the OpenAPI 3.1 document of a system's contracts. It must never read policies beyond what callers see over HTTP:
 * access, and whether a rate is limited.
 */
import { describeSchema } from "../contract/shapes.ts";
import type { System } from "../system/index.ts";
import { Components } from "./openapi-components.ts";
import { bodyOf, isKeyedAction, parametersOf } from "./openapi-input.ts";
import { responseHeaders, responsesOf } from "./openapi-responses.ts";
import { accessOf, type Security, securityOf } from "./openapi-security.ts";
import { channelOf } from "./openapi-transfers.ts";
import { type Route, routesOf } from "./router.ts";

/** What the document says about the system as a whole. */
export interface OpenApiInfo {
  readonly title?: string;
  readonly version?: string;
  /** Where the gateway can be reached; `/`, which is where the document itself came from, unless given. */
  readonly server?: string;
}

/**
 * The OpenAPI 3.1 document of every route of a system. Schemas that their library cannot describe are left open, and
 * say so in their description. The same system gives the same text: operation ids are `service.method`.
 * @since 0.1.0
 */
export async function renderOpenApi(system: System, info: OpenApiInfo = {}): Promise<object> {
  const components = new Components();
  const security = securityOf(system.identity);
  const paths: Record<string, Record<string, unknown>> = {};
  const routes = routesOf(system);
  for (const route of routes) {
    const path = toTemplate(route.path);
    (paths[path] ??= {})[route.verb.toLowerCase()] = await operationOf(route, security, components);
  }
  const hasSchemes = Object.keys(security.schemes).length > 0;
  return {
    openapi: "3.1.0",
    info: { title: info.title ?? system.name, version: info.version ?? "0.0.0" },
    servers: [{ url: info.server ?? "/" }],
    tags: [...new Set(routes.map((route) => route.service))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.schemas(),
      headers: responseHeaders,
      ...(hasSchemes && { securitySchemes: security.schemes }),
    },
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

async function operationOf(route: Route, security: Security, components: Components): Promise<object> {
  const input = await describeSchema(route.method.input, "input");
  const parameters = parametersOf(route, input, components);
  const body = bodyOf(route, input, components);
  return {
    operationId: route.id,
    tags: [route.service],
    ...(route.method.summary !== undefined && { summary: route.method.summary }),
    "x-skein-kind": route.method.kind,
    ...(isKeyedAction(route.method) && { "x-skein-keyed": true }),
    ...accessOf(route, security),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    ...(await channelOf(route, components)),
    responses: await responsesOf(route, security, components),
  };
}
