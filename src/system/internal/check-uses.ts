/** Owns what the check says about services together: owners, `uses`, forked contracts, shared databases, cycles. */
import {
  type AnyContract,
  isBytes,
  isChannel,
  isStream,
  type Member,
  type Method,
  type Output,
} from "../../contract/index.ts";
import { nearest } from "../../core/index.ts";
import { didYouMean, type Finding, finding } from "../finding.ts";
import { endpointGraph, findCycles, mayCall } from "../graph.ts";
import { ownedKind } from "../owned.ts";
import { type Declaration, methodsOf } from "../service.ts";
import type { Shapes } from "./shapes-cache.ts";

type Services = readonly Declaration[];

export async function checkUses(system: string, services: Services, shapes: Shapes): Promise<Finding[]> {
  const owners = new Map<string, Declaration>();
  for (const service of services) if (!owners.has(service.name)) owners.set(service.name, service);
  const edges = services.flatMap((service) =>
    Object.entries(service.uses).map(([key, used]) => ({ service, key, used: used as AnyContract })),
  );
  const perUse = await Promise.all(
    edges.map(async ({ service, key, used }) => {
      const owner = owners.get(used.name);
      if (owner === undefined) return [unknownContract(system, service, key, used, owners.keys())];
      return [
        ...unknownMembers(service, used, owner),
        ...idle(service, used),
        ...(await forked(service, used, owner, shapes)),
      ];
    }),
  );
  return [...perUse.flat(), ...twoOwners(services), ...dialects(services), ...cycles(services)];
}

function unknownContract(
  system: string,
  service: Declaration,
  key: string,
  used: AnyContract,
  names: Iterable<string>,
): Finding {
  const near = nearest(used.name, names);
  const as = key === used.name ? "" : ` as "${key}"`;
  return finding(
    "error",
    "SKEIN_CHECK_CONTRACT_UNKNOWN",
    service.name,
    `uses the contract "${used.name}"${as}, and no service of ${system} implements it${didYouMean(near)}`,
    near === undefined
      ? `Add a service of "${used.name}" to the services of ${system}, or remove it from uses.`
      : `Use the contract "${near}", or add a service of "${used.name}" to the services of ${system}.`,
  );
}

function unknownMembers(service: Declaration, used: AnyContract, owner: Declaration): Finding[] {
  const there = new Map(methodsOf(owner.contract));
  return usedMethods(used)
    .filter(([name]) => !there.has(name))
    .map(([name]) =>
      finding(
        "error",
        "SKEIN_CHECK_MEMBER_UNKNOWN",
        service.name,
        `uses ${used.name}.${name}, and the service ${owner.name} has no method of that name${didYouMean(nearest(name, there.keys()))}`,
        `Use the contract that the service ${owner.name} implements, or add ${name} to it.`,
      ),
    );
}

/** Another contract of the same name, as when two teams each wrote it down. The same declaration loaded twice is no fork. */
async function forked(service: Declaration, used: AnyContract, owner: Declaration, shapes: Shapes): Promise<Finding[]> {
  if (used.full === owner.contract.full) return [];
  const there = new Map(methodsOf(owner.contract));
  const differences: string[] = [];
  for (const [name, method] of usedMethods(used)) {
    const other = there.get(name);
    if (other === undefined || other === method) continue;
    const parts = await differing(method, other, shapes);
    if (parts.length > 0) differences.push(`${name} (${parts.join(", ")})`);
  }
  if (differences.length === 0) return [];
  return [
    finding(
      "error",
      "SKEIN_CHECK_CONTRACT_FORKED",
      service.name,
      `uses another contract named "${used.name}" than the one that the service ${owner.name} implements; they differ in ${differences.join(", ")}`,
    ),
  ];
}

async function differing(a: Method, b: Method, shapes: Shapes): Promise<string[]> {
  const parts: string[] = [];
  if (a.kind !== b.kind) parts.push("kind");
  if (!(await sameShape(a, b, "input", shapes))) parts.push("input");
  if (formOf(a.output) !== formOf(b.output) || !(await sameShape(a, b, "output", shapes))) parts.push("output");
  if (isChannel(a.output) && isChannel(b.output)) {
    const received = await Promise.all([shapes(a.output.receive, "input"), shapes(b.output.receive, "input")]);
    if (JSON.stringify(received[0]) !== JSON.stringify(received[1])) parts.push("received items");
  }
  if (JSON.stringify(a.body) !== JSON.stringify(b.body)) parts.push("body");
  if (JSON.stringify(Object.keys(a.errors).toSorted()) !== JSON.stringify(Object.keys(b.errors).toSorted()))
    parts.push("errors");
  return parts;
}

function formOf(output: Output): string {
  if (isBytes(output)) return "bytes";
  if (isChannel(output)) return "channel";
  return isStream(output) ? "stream" : "value";
}

async function sameShape(a: Method, b: Method, side: "input" | "output", shapes: Shapes): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map(async (method) => {
      const schema = method[side];
      // A download has no schema: its form says it all.
      if (isBytes(schema)) return undefined;
      return await shapes(isStream(schema) ? schema.item : schema, side);
    }),
  );
  return JSON.stringify(first) === JSON.stringify(second);
}

/** What is used and can never be called. */
function idle(service: Declaration, used: AnyContract): Finding[] {
  const methods = usedMethods(used);
  if (methods.length === 0) {
    return [
      finding("warning", "SKEIN_CHECK_USES_IDLE", service.name, `uses ${used.name}, which has no method to call`),
    ];
  }
  const kinds = new Set(methodsOf(service.contract).map(([, method]) => method.kind));
  // Without methods of its own a service calls from its start hook, which may call anything.
  if (kinds.size === 0) return [];
  const refused = methods.filter(([, { kind }]) => ![...kinds].some((by) => mayCall(by, kind)));
  if (refused.length === 0) return [];
  const only = [...kinds]
    .toSorted()
    .toReversed()
    .map((kind) => (kind === "query" ? "queries" : `${kind}s`))
    .join(" and ");
  const names = refused.map(
    ([name, { kind }]) => `${used.name}.${name} (${kind === "action" ? "an action" : `a ${kind}`})`,
  );
  // Using a whole contract is a habit, not a claim, as long as something of it can be called.
  const isMeant =
    Object.keys(used.members as object).length < Object.keys(used.full).length || refused.length === methods.length;
  return [
    finding(
      isMeant ? "error" : "warning",
      "SKEIN_CHECK_USES_KIND",
      service.name,
      `has ${only} only and uses ${names.join(", ")}: none of its methods may call ${refused.length === 1 ? "it" : "them"}`,
    ),
  ];
}

function twoOwners(services: Services): Finding[] {
  const counts = new Map<string, number>();
  for (const { name } of services) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([name, count]) => finding("error", "SKEIN_CHECK_OWNERS", name, `${count} services implement this contract`));
}

function dialects(services: Services): Finding[] {
  const seen = new Map<string, Map<string, string[]>>();
  for (const { name: service, has } of services) {
    for (const owned of Object.values(has)) {
      if (ownedKind(owned) !== "database" || owned.dialect === undefined) continue;
      const byDialect = seen.get(owned.name) ?? new Map<string, string[]>();
      seen.set(owned.name, byDialect);
      byDialect.set(owned.dialect, [...(byDialect.get(owned.dialect) ?? []), service]);
    }
  }
  return [...seen]
    .filter(([, byDialect]) => byDialect.size > 1)
    .map(([name, byDialect]) => {
      const who = [...byDialect].map(([dialect, owners]) => `${dialect} in ${owners.join(", ")}`);
      return finding("error", "SKEIN_CHECK_DIALECTS", `database "${name}"`, `is ${who.join(" and ")}`);
    });
}

function cycles(services: Services): Finding[] {
  return findCycles(endpointGraph(services)).map(({ path, endpoints }) => {
    const others = endpoints.length - (path.length - 1);
    const more = others === 0 ? "" : ` (${others} more endpoint${others === 1 ? "" : "s"} of the same cycle not shown)`;
    return finding(
      "warning",
      "SKEIN_CHECK_CYCLE",
      path[0] as string,
      `may end up calling itself: ${path.join(" -> ")}${more}`,
      "Pick in uses only what is called, move the shared part to a third service, or publish an event instead of calling back; a call that really comes round is refused with SKEIN_CALL_CYCLE.",
    );
  });
}

function usedMethods(used: AnyContract): Array<[string, Method]> {
  return Object.entries(used.members as Record<string, Member>).filter(
    (entry): entry is [string, Method] => entry[1].kind !== "event",
  );
}
