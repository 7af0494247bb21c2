/** `skein`: the door for people who write services. Engines load when a host opens them, never on import. */
export { contract } from "./contract/index.ts";
export { action, command, event, query, stream, workflow, safe, isDeclared } from "./contract/index.ts";
export type {
  AnyContract,
  CallOptions,
  CallPromise,
  Client,
  Contract,
  InferIn,
  InferOut,
  Issue,
  Kind,
  Method,
  Schema,
} from "./contract/index.ts";
export { type Duration, Secret } from "./core/index.ts";
export {
  type ActionDatabase,
  type CommandDatabase,
  config,
  database,
  type DatabaseSpec,
  type Migration,
  migration,
  type QueryDatabase,
  resource,
  type TransactionDatabase,
} from "./data/index.ts";
export type { Generated } from "kysely";
export { type DeclaredError, isSkeinError, type SkeinError } from "./errors/index.ts";
export {
  type ApiKey,
  apiKey,
  type ApiKeyOptions,
  type ApiKeyRecord,
  basicForDev,
  type BasicForDevOptions,
  clientCertificate,
  type ClientCertificateOptions,
  createApiKey,
  hashApiKey,
  type JwkSet,
  jwt,
  type JwtKeys,
  type JwtOptions,
  session,
  type SessionOptions,
} from "./gateway/authenticate/index.ts";
export { createHost, type Host, type HostOptions } from "./host/index.ts";
export {
  type Access,
  type Authenticator,
  type AuthenticatorContext,
  type Call,
  type ClientCertificate,
  type Credentials,
  define,
  type Implementation,
  type Implemented,
  type Identity,
  type Log,
  type OpenAuthenticator,
  type Owned,
  type Principal,
  role,
  service,
  type Service,
  subscribe,
  system,
  type System,
} from "./system/index.ts";
