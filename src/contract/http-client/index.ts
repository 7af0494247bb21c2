/** The door of the HTTP client, for `skein/contract`. */
export type { StreamCallOptions } from "./call-stream.ts";
export type { Fetch, HeadersGiven, HttpClientOptions } from "./client-options.ts";
export { createHttpClient } from "./create.ts";
export type {
  DeclaredErrors,
  HttpMethod,
  HttpMethodError,
  HttpMethodReply,
  HttpReplyHeader,
  HttpTable,
} from "./table.ts";
