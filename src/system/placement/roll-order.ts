/**
 * Owns the order in which groups are rolled to a new build: nobody may call what not every host of a service has yet. It must
 * never start anything, nor guess which calls are made: what may be called counts.
 */
import { gatewayService, type Placement } from "./placement.ts";

/** Endpoints, and what each may call; `gateway` calls what has a route. */
export type Calls = ReadonlyMap<string, readonly string[]>;

/** What two builds promise differently, by endpoint. */
export interface Differences {
  /** Only the new build has it: whoever may call it comes after it. */
  readonly added: ReadonlySet<string>;
  /** Old callers do not fit the new one, which may be gone: they come before it where that is possible. */
  readonly breaking: ReadonlySet<string>;
  /** New callers do not fit the old one: they come after it where that is possible. */
  readonly skewed: ReadonlySet<string>;
}

export type RollOrder =
  | { readonly groups: readonly string[] }
  /** The calls for which two groups would each have to come before the other. */
  | { readonly cycle: readonly string[] };

/** Where the two builds do not differ, callees come before callers, and gateways last. */
export function rollOrder({ groups }: Placement, calls: Calls, differences: Differences): RollOrder {
  const { added, breaking, skewed } = differences;
  const edges = edgesOf(groups, calls);
  const names = Object.keys(groups).filter((name) => (groups[name]?.services.length ?? 0) > 0);
  const after = new Map(names.map((name) => [name, new Set<string>()]));
  for (const { from, to, callee } of edges) if (added.has(callee)) after.get(from)?.add(to);
  const cycle = names.filter((name) => [...(after.get(name) ?? [])].some((next) => reaches(after, next, name)));
  if (cycle.length > 0) {
    const isIn = ({ from, to, callee }: Edge): boolean =>
      added.has(callee) && cycle.includes(from) && cycle.includes(to);
    return {
      cycle: edges.filter(isIn).map(({ caller, callee, from, to }) => `${caller} (${from}) calls ${callee} (${to})`),
    };
  }
  // From here on what comes first counts: a wish that goes against it is left out.
  const wish = (later: string, sooner: string): void => {
    if (later !== sooner && !reaches(after, sooner, later)) after.get(later)?.add(sooner);
  };
  for (const { from, to, callee } of edges) if (breaking.has(callee)) wish(to, from);
  for (const { from, to, callee } of edges) if (skewed.has(callee)) wish(from, to);
  for (const name of names)
    if (groups[name]?.services.includes(gatewayService) === true) for (const other of names) wish(name, other);
  for (const { from, to } of edges) wish(from, to);
  return { groups: inOrder(names, after) };
}

interface Edge {
  readonly caller: string;
  readonly callee: string;
  readonly from: string;
  readonly to: string;
}

/** Calls between groups; within one all is of one build. */
function edgesOf(groups: Placement["groups"], calls: Calls): Edge[] {
  const groupOf = new Map<string, string>();
  for (const [name, { services }] of Object.entries(groups)) for (const service of services) groupOf.set(service, name);
  const of = (endpoint: string): string | undefined => groupOf.get(endpoint.split(".", 1)[0] ?? "");
  return [...calls].flatMap(([caller, callees]) =>
    callees.flatMap((callee) => {
      const [from, to] = [of(caller), of(callee)];
      return from === undefined || to === undefined || from === to ? [] : [{ caller, callee, from, to }];
    }),
  );
}

type Before = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether `name` comes after `other` already. */
function reaches(before: Before, name: string, other: string, seen = new Set<string>()): boolean {
  if (name === other) return true;
  if (seen.has(name)) return false;
  seen.add(name);
  return [...(before.get(name) ?? [])].some((next) => reaches(before, next, other, seen));
}

function inOrder(names: readonly string[], before: Before): string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    if (order.includes(name)) return;
    for (const first of before.get(name) ?? []) visit(first);
    order.push(name);
  };
  for (const name of names) visit(name);
  return order;
}
