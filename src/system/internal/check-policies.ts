/** Owns what the check says about one service by itself: access, commands, and what this version cannot run. */
import { type Finding, finding } from "../finding.ts";
import { ownedKind } from "../owned.ts";
import { type Declaration, methodsOf } from "../service.ts";

export function checkPolicies(services: readonly Declaration[]): Finding[] {
  return services.flatMap((service) => {
    const hasDatabase = Object.values(service.has).some((owned) => ownedKind(owned) === "database");
    const found: Finding[] = [];
    for (const [name, method] of methodsOf(service.contract)) {
      const where = `${service.name}.${name}`;
      const access = service.policy[name]?.access;
      if (access === undefined) {
        const fix = `Give it one in policy: { ${name}: { access: "public" } }; or "internal", "guarded", role("...").`;
        found.push(
          finding("error", "SKEIN_CHECK_ACCESS_MISSING", where, `has no access, so every call of it is refused`, fix),
        );
      }
      if (access === "internal" && method.http !== undefined && service.external === undefined) {
        const message = `is internal and has the route ${method.http.route}: internal methods never answer over HTTP`;
        found.push(finding("error", "SKEIN_CHECK_INTERNAL_ROUTE", where, message));
      }
      if (method.kind === "command" && !hasDatabase) {
        const fix = `Add a database to has of ${service.name}, or declare ${name} as an action.`;
        found.push(
          finding(
            "error",
            "SKEIN_CHECK_COMMAND_DATABASE",
            where,
            `is a command, and ${service.name} has no database for its transaction`,
            fix,
          ),
        );
      }
      if (service.policy[name]?.rateLimit?.shared === true && !hasDatabase) {
        const fix = `Add a database to has of ${service.name}, or leave out shared: each gateway then counts for itself.`;
        const message = `has a shared rate limit, and ${service.name} has no database to count in`;
        found.push(finding("error", "SKEIN_CHECK_RATE_DATABASE", where, message, fix));
      }
      if (method.kind === "workflow") {
        const fix = `Declare ${name} as an action that is safe to repeat with its call.key, or use a version that runs workflows.`;
        found.push(
          finding(
            "error",
            "SKEIN_FEATURE_LATER",
            where,
            `is a workflow, which this version of Skein cannot run yet`,
            fix,
          ),
        );
      }
    }
    return [...found, ...subscriptions(service)];
  });
}

function subscriptions(service: Declaration): Finding[] {
  return Object.entries(service.on).map(([key, { contract, event }]) =>
    finding(
      "error",
      "SKEIN_FEATURE_LATER",
      `${service.name}.on.${key}`,
      `subscribes to ${contract.name}.${event}, and this version of Skein does not deliver events yet`,
      `Remove "${key}" from on, or use a version that delivers events; tx.emit already stores them.`,
    ),
  );
}
