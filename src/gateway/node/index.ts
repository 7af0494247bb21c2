/** `skein/gateway`: HTTP in front of a host, on `node:http`: with a socket of its own, or as a listener for yours. */
export { createGateway, createHandler, type Gateway, type GatewayCloseOptions, type Handler } from "./gateway.ts";
export type { HstsOptions, TlsOptions } from "./tls-options.ts";
export type { TrustProxy } from "../client-address.ts";
export type { GatewayOptions, HandlerOptions, RequestLine } from "../options.ts";
export type { Problem } from "../../contract/shapes.ts";
