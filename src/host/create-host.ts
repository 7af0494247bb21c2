/**
 * Owns the door through which a host is started. It must never load the call path on import: a declaration imports
 * `skein` too, and half of what the package has is needed only by a process that runs services.
 */
import type { System } from "../system/index.ts";
import type { Host, HostOptions } from "./host.ts";

/**
 * Starts services of a system in this process and resolves when they are ready. On failure everything opened is closed
 * again and the error says which service. Errors: `SKEIN_SYSTEM_LOAD`, `SKEIN_RESOURCE_FAILED`, `SKEIN_CONFIG_INVALID`,
 * the `SKEIN_DATA_*` and `SKEIN_MIGRATION_*` of its databases.
 * @since 0.1.0
 */
export async function createHost(system: System, options: HostOptions = {}): Promise<Host> {
  const { openHost } = await import("./host.ts");
  return openHost(system, options);
}
