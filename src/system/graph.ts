/**
 * Owns the graph of endpoints that declarations allow: who may call whom, its cycles, its order. It must never look at
 * code: `uses` and the kinds of methods are all it knows, so it holds every call there can be, and more.
 */
import type { Kind } from "../contract/index.ts";
import { type Declaration, methodsOf } from "./service.ts";

/** One method of one service. @since 0.1.0 */
export interface Endpoint {
  /** `orders.place` */
  readonly id: string;
  readonly service: string;
  readonly method: string;
  readonly kind: Kind;
}

/** Endpoints by id, and for each the endpoints it may call, both in the order of the system's services. @since 0.1.0 */
export interface EndpointGraph {
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly calls: ReadonlyMap<string, readonly string[]>;
}

/** A set of endpoints that may all call each other, and one shortest way round. @since 0.1.0 */
export interface Cycle {
  /** From an endpoint back to itself: the first is repeated as the last. */
  readonly path: readonly string[];
  /** Every endpoint of the set, sorted. */
  readonly endpoints: readonly string[];
}

/** Queries and commands call queries only; workflows and actions call anything. */
export function mayCall(by: Kind, target: Kind): boolean {
  return by === "workflow" || by === "action" || target === "query";
}

/**
 * Each method may call every method its service uses and its kind allows. Events are no calls; a used contract or method
 * that no service implements is left out. Of two services of one contract the first counts.
 * @since 0.1.0
 */
export function endpointGraph(services: readonly Declaration[]): EndpointGraph {
  const endpoints = new Map<string, Endpoint>();
  for (const { name: service, contract } of services) {
    for (const [method, { kind }] of methodsOf(contract)) {
      const id = `${service}.${method}`;
      if (!endpoints.has(id)) endpoints.set(id, { id, service, method, kind });
    }
  }
  const calls = new Map<string, string[]>();
  for (const declaration of services) {
    const targets = Object.values(declaration.uses)
      .flatMap((used) => Object.keys(used.members as object).map((member) => endpoints.get(`${used.name}.${member}`)))
      .filter((target) => target !== undefined);
    for (const [method, { kind }] of methodsOf(declaration.contract)) {
      const id = `${declaration.name}.${method}`;
      if (calls.has(id)) continue;
      calls.set(id, [...new Set(targets.filter((target) => mayCall(kind, target.kind)).map((target) => target.id))]);
    }
  }
  return { endpoints, calls };
}

/** One cycle for each set of endpoints that may call each other, in the order of their first endpoints' ids. @since 0.1.0 */
export function findCycles(graph: EndpointGraph): Cycle[] {
  const cycles: Cycle[] = [];
  for (const component of componentsOf(graph)) {
    const [first] = component;
    if (first === undefined || (component.length === 1 && !graph.calls.get(first)?.includes(first))) continue;
    const endpoints = component.toSorted();
    cycles.push({ path: shortestWayRound(graph, endpoints), endpoints });
  }
  return cycles.toSorted((a, b) => compare(a.path[0] ?? "", b.path[0] ?? ""));
}

/** The endpoints so that callers come before what they may call; `undefined` when there is a cycle. @since 0.1.0 */
export function callOrder(graph: EndpointGraph): string[] | undefined {
  const components = componentsOf(graph);
  const hasCycle = components.some(([id = "", ...more]) => more.length > 0 || graph.calls.get(id)?.includes(id));
  // Tarjan's algorithm finds a component only after everything it leads to.
  return hasCycle ? undefined : components.flat().toReversed();
}

interface Visit {
  readonly id: string;
  readonly index: number;
  low: number;
  next: number;
}

/**
 * Strongly connected components after Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972).
 * With a stack of its own, because a system may have longer chains than the engine's stack is deep.
 */
function componentsOf({ endpoints, calls }: EndpointGraph): string[][] {
  const visits = new Map<string, Visit>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const components: string[][] = [];
  const enter = (id: string, stack: Visit[]): void => {
    const visit = { id, index: visits.size, low: visits.size, next: 0 };
    visits.set(id, visit);
    open.push(id);
    isOpen.add(id);
    stack.push(visit);
  };
  for (const root of endpoints.keys()) {
    if (visits.has(root)) continue;
    const stack: Visit[] = [];
    enter(root, stack);
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const target = calls.get(visit.id)?.[visit.next++];
      if (target !== undefined) {
        const seen = visits.get(target);
        if (seen === undefined) enter(target, stack);
        else if (isOpen.has(target)) visit.low = Math.min(visit.low, seen.index);
        continue;
      }
      stack.pop();
      const caller = stack.at(-1);
      if (caller !== undefined) caller.low = Math.min(caller.low, visit.low);
      if (visit.low === visit.index) components.push(takeComponent(visit.id, open, isOpen));
    }
  }
  return components;
}

/** What was opened since `id`, and `id` itself. */
function takeComponent(id: string, open: string[], isOpen: Set<string>): string[] {
  const component: string[] = [];
  for (let member = open.pop(); member !== undefined; member = open.pop()) {
    isOpen.delete(member);
    component.push(member);
    if (member === id) break;
  }
  return component;
}

/** Breadth first, from the endpoint with the least id back to itself, so that the same system gives the same path. */
function shortestWayRound({ calls }: EndpointGraph, endpoints: readonly string[]): string[] {
  const [start = ""] = endpoints;
  const inside = new Set(endpoints);
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const id = queue[at] as string;
    for (const target of (calls.get(id) ?? []).toSorted(compare)) {
      if (target === start) return wayBack(cameFrom, id, start);
      if (!inside.has(target) || cameFrom.has(target)) continue;
      cameFrom.set(target, id);
      queue.push(target);
    }
  }
  return [start, start];
}

function wayBack(cameFrom: ReadonlyMap<string, string>, last: string, start: string): string[] {
  const path = [start];
  for (let id: string | undefined = last; id !== undefined && id !== start; id = cameFrom.get(id)) path.push(id);
  return [...path, start].toReversed();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
