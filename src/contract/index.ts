/** `skein/contract`: the browser-safe door. It lists exactly what callers, clients and browsers may import. */
export type {
  CallOptions,
  CallPromise,
  Client,
  ClientMethod,
  DeclaredErrorOf,
  ErrorDataIn,
  ErrorDataOf,
  MayNotCall,
  Safe,
} from "./client.ts";
export {
  type AnyContract,
  contract,
  type Contract,
  type EventNames,
  isContract,
  type Members,
  type MethodNames,
} from "./contract.ts";
export {
  action,
  command,
  event,
  type ErrorSpec,
  type ErrorSpecs,
  type Event,
  type HttpBinding,
  type HttpRoute,
  type HttpVerb,
  type InputOf,
  isStream,
  type Kind,
  type Member,
  type Method,
  type MethodSpec,
  type ParsedInputOf,
  query,
  type RawReplyOf,
  type ReplyOf,
  stream,
  type StreamOutput,
  workflow,
} from "./method.ts";
export { isDeclared, safe } from "./safe.ts";
export {
  type InferIn,
  type InferOut,
  type Issue,
  nothing,
  type Nothing,
  type Schema,
  toIssues,
  toPath,
  validate,
  type Validated,
} from "./schema.ts";
export { canonicalValue, decodeValue, encodeValue } from "./value-codec.ts";
