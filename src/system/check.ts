/**
 * Owns the check: everything that can be said about a system from its declarations alone, all at once. It must never run
 * a service, open what one owns, or stop at the first finding.
 */
import { type Finding, sortFindings } from "./finding.ts";
import { checkModules } from "./internal/check-modules.ts";
import { checkMounts } from "./internal/check-mounts.ts";
import { checkPolicies } from "./internal/check-policies.ts";
import { checkRequirements } from "./internal/check-requirements.ts";
import { checkRoutes } from "./internal/check-routes.ts";
import { checkSchemas } from "./internal/check-schemas.ts";
import { checkUses } from "./internal/check-uses.ts";
import { createShapes } from "./internal/shapes-cache.ts";
import type { System } from "./system.ts";

export type { Finding } from "./finding.ts";

/** @since 0.1.0 */
export interface CheckOptions {
  /** Also loads the code of every service, which runs its modules; declarations alone are read unless given. */
  readonly load?: boolean;
}

/**
 * Explains what is wrong with a system: errors first, then warnings, sorted; empty when nothing is. Never rejects because
 * of what it finds. Conclusions about calls are drawn from `uses` and kinds: what could be called, not what is.
 * @since 0.1.0
 */
export async function checkSystem(system: System, options: CheckOptions = {}): Promise<Finding[]> {
  const shapes = createShapes();
  const services = system.services.map((entry) => entry.declaration);
  const [policies, requirements] = [checkPolicies(services), checkRequirements(system, services)];
  const found = await Promise.all([
    checkUses(system.name, services, shapes),
    checkRoutes(services, shapes),
    checkSchemas(services, shapes),
    options.load === true ? checkModules(system) : Promise.resolve([]),
  ]);
  return sortFindings([...policies, ...requirements, ...checkMounts(system), ...found.flat()]);
}
