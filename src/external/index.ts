/** The door of external services: the declaration. What calls them loads when a host opens one. */
export { foreign, type ForeignSpec, foreignTokens } from "./foreign.ts";
export { external, type ExternalHeaders, type ExternalSpec } from "./external.ts";
