/** The door of imports: an OpenAPI document in, a contract module out. */
export { readDocument, toDocument } from "./document.ts";
export { renderContract } from "./render.ts";
