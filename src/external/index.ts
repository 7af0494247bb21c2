/** The door of external services: the declaration. What calls them loads when a host opens one. */
export { external, type ExternalHeaders, type ExternalSpec } from "./external.ts";
