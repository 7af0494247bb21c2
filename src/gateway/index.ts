/** The gateway layer: HTTP in front of a host. */
export { createGateway, createHandler, type Gateway, type GatewayCloseOptions, type Handler } from "./node/gateway.ts";
export { type ClientFile, renderClient, type UntypedPart } from "./client-file/render.ts";
export { renderOpenApi } from "./openapi.ts";
export type { TrustProxy } from "./client-address.ts";
export type { HstsOptions, TlsOptions } from "./node/tls-options.ts";
export type { GatewayOptions, HandlerOptions, RequestLine } from "./options.ts";
export { findPortOwner, type PortOwner } from "./node/port-owner.ts";
export type { Problem } from "../contract/shapes.ts";
