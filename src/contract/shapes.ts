/** The door to what servers need of contracts: described schemas, JSON, problems; apart from `index.ts`, so that browsers do not carry it. */
export { fieldNames, fieldShape, fromJson, fromStrings, toJson, toJsonText } from "./http-value.ts";
export { unsure } from "./internal/plain.ts";
export { PlainParser } from "./internal/zod-plain.ts";
export { itemId } from "./item-id.ts";
export { type JsonLimits, parseJson } from "./json-scan.ts";
export { describeSchema, type JsonSchema, type SchemaShape, type Side } from "./json-schema.ts";
export { type Problem, problemOf } from "./problem.ts";
export { isRedirect, mustBeSecure, repliedFields } from "./reply-binding.ts";
