/**
 * Owns what Skein asks of a schema library: the Standard Schema interface, inference through it, and running a
 * validator. It must never import a schema library; any library that speaks Standard Schema works.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Any Standard Schema v1 validator (https://standardschema.dev): Zod, Valibot, ArkType and others. @since 0.1.0 */
// eslint-disable-next-line typescript/no-explicit-any -- variance: a concrete schema must be assignable to this bound
export type Schema<In = any, Out = any> = StandardSchemaV1<In, Out>;

/** What a caller may give: the schema's type before defaults and transforms. @since 0.1.0 */
export type InferIn<S extends Schema> = StandardSchemaV1.InferInput<S>;

/** What a handler receives: the schema's type after parsing. @since 0.1.0 */
export type InferOut<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** One thing a validator found wrong, as Skein shows it. @since 0.1.0 */
export interface Issue {
  /** Where, as `$.items[2].sku`. */
  readonly path: string;
  readonly message: string;
}

/** The schema of a method without input or without output: only `undefined` passes. */
export type Nothing = Schema<void, void>;

export const nothing: Nothing = {
  "~standard": {
    version: 1,
    vendor: "skein",
    validate: (value) =>
      value === undefined || value === null
        ? { value: undefined }
        : { issues: [{ message: "nothing is expected here" }] },
  },
};

export type Validated = StandardSchemaV1.Result<unknown>;

/** Runs a validator; synchronous libraries stay synchronous, which the call path counts on. */
export function validate(schema: Schema, value: unknown): Validated | Promise<Validated> {
  return schema["~standard"].validate(value);
}

/** Turns a validator's issues into Skein's, at most `limit` of them so that a hostile input cannot grow the answer. */
export function toIssues(issues: ReadonlyArray<StandardSchemaV1.Issue>, limit = 20): Issue[] {
  return issues.slice(0, limit).map((issue) => ({ path: toPath(issue.path), message: issue.message }));
}

/** `$.items[2].sku` from a Standard Schema path. */
export function toPath(path: StandardSchemaV1.Issue["path"]): string {
  let text = "$";
  for (const segment of path ?? []) {
    const key = typeof segment === "object" ? segment.key : segment;
    text += typeof key === "number" ? `[${key}]` : `.${String(key)}`;
  }
  return text;
}
