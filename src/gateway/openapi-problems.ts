/**
 * Owns the schemas of errors in the document: one per declared error, and one per status that Skein itself may answer with.
 * It must never list a code that the catalogue does not have under that status.
 */
import { describeSchema, type JsonSchema } from "../contract/shapes.ts";
import { canonicalStatus, catalogue, type CatalogueRow } from "../errors/index.ts";
import type { Components, Ref } from "./openapi-components.ts";
import { forReaders } from "./openapi-readers.ts";
import type { Route } from "./router.ts";

/** An error without a status of its own. */
const statusDeclared = 422;

export function problemRef(components: Components): Ref {
  return components.define("Problem", problemSchema);
}

/**
 * Skein's own errors, of one status or of any: a schema that no declared error can match, since no contract may declare a
 * code of that prefix. It is open: a client made from today's document must be able to read the codes of tomorrow.
 */
export function skeinProblem(status: number | undefined, components: Components): Ref {
  const codes =
    status === undefined ? [...codesByStatus.values()].flat().toSorted() : (codesByStatus.get(status) ?? []);
  const which = status === undefined ? "" : ` with status ${status}`;
  return components.define(`SkeinProblem${status ?? ""}`, {
    description: `An error of Skein's own${which}. A later version may add codes.`,
    allOf: [
      problemRef(components) as JsonSchema,
      {
        type: "object",
        properties: {
          code: { type: "string", pattern: "^SKEIN_", ...(codes.length > 0 && { examples: codes }) },
          data: ownData,
        },
        required: ["code"],
      },
    ],
  });
}

export interface DeclaredProblem {
  readonly code: string;
  readonly text: string;
  readonly schema: Ref;
}

/** The declared errors of a method by their status. */
export async function declaredProblems(route: Route, components: Components): Promise<Map<number, DeclaredProblem[]>> {
  const byStatus = new Map<number, DeclaredProblem[]>();
  for (const [code, spec] of Object.entries(route.method.errors)) {
    const data =
      spec.data === undefined
        ? undefined
        : (components.add(forReaders((await describeSchema(spec.data, "output")).json)) as JsonSchema);
    const schema = components.named(code, {
      ...(spec.message !== undefined && { description: spec.message }),
      allOf: [
        problemRef(components) as JsonSchema,
        {
          type: "object",
          properties: { code: { type: "string", const: code }, ...(data !== undefined && { data }) },
          required: data === undefined ? ["code"] : ["code", "data"],
        },
      ],
    });
    const status = spec.status ?? statusDeclared;
    const text = spec.message === undefined ? code : `${code}: ${spec.message}`;
    byStatus.set(status, [...(byStatus.get(status) ?? []), { code, text, schema }]);
  }
  return byStatus;
}

/** Met by commands of the terminal, by processes that do not start, and in clients: no gateway answers with them. */
const elsewhere = /^SKEIN_(CHECK|CLI|CLIENT|DEV|MIGRATION|OPENAPI|PLACEMENT)_/;

// An object, so that generated types let a declared error's fields be read once its code is known.
const ownData: JsonSchema = { type: "object", description: "What the error carries for programs to read." };

const codesByStatus = new Map<number, string[]>();
for (const [code, row] of Object.entries(catalogue) as Array<[string, CatalogueRow]>) {
  if (elsewhere.test(code)) continue;
  const status = row.status ?? canonicalStatus[row.canonical];
  codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
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
    outcome: {
      type: "string",
      enum: ["not_started", "unknown", "failed"],
      description: "Whether the call took effect.",
    },
    retry: { type: "boolean", description: "Whether the same request may be sent again." },
    data: { description: "What the error carries for programs to read." },
    traceId: { type: "string", pattern: "^[0-9a-f]{32}$" },
  },
  required: ["type", "title", "status", "code", "outcome", "retry", "traceId"],
};
