/** Owns which services and mounts of a system a host runs. It must never load any of them. */
import { skeinError } from "../errors/index.ts";
import type { System } from "../system/index.ts";

/** What of a system runs here. Throws `SKEIN_SYSTEM_INVALID` for a name twice, and for one that is nowhere. */
export function select(system: System, names: readonly string[] | undefined): Pick<System, "services" | "mounts"> {
  const seen = new Set<string>();
  for (const { declaration } of system.services) {
    if (seen.has(declaration.name))
      throw skeinError("SKEIN_SYSTEM_INVALID", `${system.name} has two services of the contract "${declaration.name}"`);
    seen.add(declaration.name);
  }
  for (const { name } of system.mounts) {
    if (seen.has(name))
      throw skeinError(
        "SKEIN_SYSTEM_INVALID",
        `${system.name} has a mount with the name of another service, "${name}"`,
      );
    seen.add(name);
  }
  for (const name of names ?? []) {
    if (!seen.has(name)) throw skeinError("SKEIN_SYSTEM_INVALID", `${system.name} has no service "${name}"`);
  }
  if (names === undefined) return system;
  return {
    // What runs in another language is called from every host.
    services: system.services.filter(
      ({ declaration }) => names.includes(declaration.name) || declaration.foreign !== undefined,
    ),
    mounts: system.mounts.filter(({ name }) => names.includes(name)),
  };
}
