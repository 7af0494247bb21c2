/** The call layer: one call's journey in process. */
export { ReplyCache } from "./stages/cache.ts";
export { checkBodyHead } from "./body.ts";
export { createEndpoint, type Endpoint } from "./endpoint.ts";
export { type FarCall, sendFar, streamFar } from "./far.ts";
export type { AbortListener, Cancellation } from "./lifetime.ts";
export { createInternalTokens, type InternalTokens } from "./internal-token.ts";
export { createClient, createOwnFactory, type InvokeOptions, type OwnFactory } from "./own.ts";
export { Admission, Entrant } from "./resilience/admission.ts";
export { isPanic, mayEject, Standing } from "./resilience/ejection.ts";
export { isForWantOfRoom, Throttle } from "./resilience/throttle.ts";
export type { RemoteCall, RemoteEndpoint, RemoteRoutes } from "./remote.ts";
export { CallRuntime, type CallRuntimeOptions, ownPrincipal, type RootOptions } from "./runtime.ts";
export type { Take, Told } from "./scope.ts";
export { checkPath } from "./stages/route.ts";
