/** `skein/fetch`: a system as a function from `Request` to `Response`, for runtimes other than Node and for web frameworks. */
export { createFetchHandler, type FetchContext, type FetchHandler, type FetchOptions } from "./handler.ts";
export type { HandlerOptions, RequestLine } from "../options.ts";
export type { Problem } from "../../contract/shapes.ts";
export type { TrustProxy } from "../client-address.ts";
