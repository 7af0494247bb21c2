/** The system layer: declarations and systems as pure data. */
export type { Call } from "./call.ts";
export type { CorsSpec, SystemHttp } from "./cors.ts";
export { define, type Defined, type DefineSpec } from "./define.ts";
export { download, fileDownload, type FileDownloadOptions } from "./download.ts";
export type {
  Authenticator,
  AuthenticatorContext,
  ClientCertificate,
  Credentials,
  Identity,
  OpenAuthenticator,
} from "./identity.ts";
export type { Fence, LeaderSeat, Leases, LeaseSight } from "./lease.ts";
export type { Leadership } from "./leadership.ts";
export type { Log, LogFields } from "./log.ts";
export {
  type CallBinding,
  type CommandEffect,
  createOwned,
  type Mode,
  type OpenContext,
  type TokenGrant,
  type TokenRequest,
  type Opened,
  type Owned,
  ownedKind,
  type OwnedKind,
} from "./owned.ts";
export {
  findOverlaps,
  isMount,
  mount,
  type Mount,
  type MountAccess,
  type MountOptions,
  type MountOverlap,
} from "./mount.ts";
export { type Access, type Principal, role, type RoleAccess } from "./principal.ts";
export {
  type AnyHandler,
  type AnyHook,
  type CachePolicy,
  type RateLimitPolicy,
  type Declaration,
  type Guards,
  type Handlers,
  type Has,
  type Hooks,
  type Implementation,
  type Implemented,
  isDeclaration,
  type MethodPolicy,
  methodsOf,
  type On,
  type Own,
  service,
  type Service,
  type ServiceEntry,
  type ServiceSpec,
  subscribe,
  type Subscription,
  type Uses,
  type WithBody,
} from "./service.ts";
export { isSystem, type Requirements, type RouteRequirement, system, type System, type SystemSpec } from "./system.ts";
export { toPlacementValue, withService } from "./placement/edit.ts";
export { describeMove, type GroupStep, type Move, planMove } from "./placement/move.ts";
export { onePlacement, readPlacement } from "./placement/read.ts";
export { type Calls, type Differences, rollOrder } from "./placement/roll-order.ts";
export { gatewayService, type Placement, type PlacementGroup, type PlacementIssue } from "./placement/placement.ts";
export { type SignedRequest, type VerifiedWebhook, webhook, type Webhook, type WebhookOptions } from "./webhook.ts";
