/** The door to described schemas, kept apart from `index.ts` so that clients in browsers do not carry it. */
export { fieldNames, fieldShape, fromJson, fromStrings, toJson, toJsonText } from "./http-value.ts";
export { describeSchema, type JsonSchema, type SchemaShape, type Side } from "./json-schema.ts";
export { isRedirect, mustBeSecure, repliedFields } from "./reply-binding.ts";
