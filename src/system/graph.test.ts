/** The endpoint graph by example and against a slow, obvious answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { action, command, contract, event, query, workflow } from "../contract/index.ts";
import * as z from "zod";
import { callOrder, type EndpointGraph, endpointGraph, findCycles } from "./checks.ts";
import { service } from "./index.ts";

test("a method may call what its service uses and its kind allows", () => {
  const B = contract("b", { read: query(), write: command(), run: action(), done: event(z.string()) });
  const A = contract("a", { read: query(), write: command(), flow: workflow(), run: action() });
  const gone = contract("gone", { read: query() });
  const { calls, endpoints } = endpointGraph([service(A, { uses: { b: B, again: B.pick("read"), gone } }), service(B)]);
  assert.deepEqual(Object.fromEntries(calls), {
    "a.read": ["b.read"],
    "a.write": ["b.read"],
    "a.flow": ["b.read", "b.write", "b.run"],
    "a.run": ["b.read", "b.write", "b.run"],
    "b.read": [],
    "b.write": [],
    "b.run": [],
  });
  assert.deepEqual(endpoints.get("a.flow"), { id: "a.flow", service: "a", method: "flow", kind: "workflow" });
});

/** A graph of endpoints by number. */
const graphs = fc.integer({ min: 1, max: 9 }).chain((size) =>
  fc
    .array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size })
    .map((lists): EndpointGraph => ({
      endpoints: new Map(
        lists.map((_, i) => [`e${i}`, { id: `e${i}`, service: "s", method: `m${i}`, kind: "action" as const }]),
      ),
      calls: new Map(lists.map((list, i) => [`e${i}`, [...new Set(list)].map((j) => `e${j}`)])),
    })),
);

function reachable({ calls }: EndpointGraph, from: string): Set<string> {
  const seen = new Set<string>();
  const todo = [...(calls.get(from) ?? [])];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    todo.push(...(calls.get(id) ?? []));
  }
  return seen;
}

test("property: the endpoints of cycles are those that reach themselves, and each path is a shortest one", () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const ids = [...graph.endpoints.keys()];
      const cycles = findCycles(graph);
      assert.deepEqual(
        cycles.flatMap((cycle) => cycle.endpoints).toSorted(),
        ids.filter((id) => reachable(graph, id).has(id)).toSorted(),
      );
      for (const { path, endpoints } of cycles) {
        assert.equal(path[0], path.at(-1));
        for (const [i, id] of path.slice(0, -1).entries())
          assert.ok(graph.calls.get(id)?.includes(path[i + 1] as string));
        for (const id of path) assert.ok(endpoints.includes(id));
        assert.equal(path.length - 1, distanceHome(graph, path[0] as string));
      }
    }),
    { numRuns: 1000 },
  );
});

function distanceHome({ calls }: EndpointGraph, home: string): number {
  let frontier = new Set(calls.get(home));
  for (let steps = 1; ; steps++) {
    if (frontier.has(home)) return steps;
    frontier = new Set([...frontier].flatMap((id) => calls.get(id) ?? []));
  }
}

test("property: the order has callers first, and there is none exactly when there is a cycle", () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const order = callOrder(graph);
      assert.equal(order === undefined, findCycles(graph).length > 0);
      if (order === undefined) return;
      assert.deepEqual(order.toSorted(), [...graph.endpoints.keys()].toSorted());
      for (const [id, targets] of graph.calls)
        for (const target of targets) assert.ok(order.indexOf(id) < order.indexOf(target));
    }),
    { numRuns: 1000 },
  );
});

test("a chain longer than the engine's stack is deep", () => {
  const size = 20_000;
  const ids = Array.from({ length: size }, (_, i) => `e${i}`);
  const graph: EndpointGraph = {
    endpoints: new Map(ids.map((id) => [id, { id, service: "s", method: id, kind: "action" as const }])),
    calls: new Map(ids.map((id, i) => [id, [ids[(i + 1) % size] as string]])),
  };
  assert.equal(findCycles(graph)[0]?.path.length, size + 1);
});
