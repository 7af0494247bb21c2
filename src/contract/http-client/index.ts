/**
 * `skein/client`: the door for callers outside, browser-safe. A file that `skein client` writes imports nothing else. It is
 * apart from `skein/contract`, which every host loads and no host calls over HTTP with.
 */
export type { DeclaredError, SkeinError } from "../../errors/index.ts";
export { isSkeinError } from "../../errors/index.ts";
export type { BodySource, ByteRange, Download, DownloadHead, ReadableBytes } from "../bytes.ts";
export type { BodyCallOptions, CallOptions, CallPromise, Safe } from "../client.ts";
export { isDeclared, safe } from "../safe.ts";
export type { DownloadCallOptions } from "./call-download.ts";
export type { StreamCallOptions } from "./call-stream.ts";
export type { Fetch, HeadersGiven, HttpClientOptions } from "./client-options.ts";
export {
  type ChannelConnection,
  type ChannelWebSocket,
  connectChannel,
  type ConnectChannelOptions,
} from "./connect-channel.ts";
export { createHttpClient } from "./create.ts";
export type {
  DeclaredErrors,
  HttpMethod,
  HttpMethodError,
  HttpMethodReply,
  HttpReplyHeader,
  HttpTable,
} from "./table.ts";
