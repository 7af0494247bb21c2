/** The host layer: running services in one process. */
export { createHost } from "./create-host.ts";
export type { ClientOptions, Host, HostOptions } from "./host.ts";
export type { LiveMount } from "./mount/open.ts";
export type { MountedRoute } from "./mount/routes.ts";
