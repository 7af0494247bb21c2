/** The host layer: running services in one process. */
export { type ClientOptions, createHost, type Host, type HostOptions } from "./host.ts";
