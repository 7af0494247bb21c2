/** How one placement becomes another: nothing runs twice, nothing is forgotten. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { contract, query } from "../../contract/index.ts";
import { isSkeinError } from "../../errors/index.ts";
import { service } from "../service.ts";
import { system } from "../system.ts";
import { toPlacementValue, withService } from "./edit.ts";
import { describeMove, type GroupStep, planMove } from "./move.ts";
import type { Placement } from "./placement.ts";
import { readPlacement } from "./read.ts";

const names = ["gateway", "orders", "stock", "search"];
const shop = system("shop", {
  services: names
    .slice(1)
    .map((name) => service(contract(name, { ping: query({ output: z.null() }) })).implement({ ping: () => null })),
});
const read = (value: unknown): Placement => readPlacement(value, shop);

/** Each service in one of three groups, each group with some replicas. */
const placements: fc.Arbitrary<Placement> = fc
  .record({
    homes: fc.tuple(...names.map(() => fc.constantFrom("a", "b", "c"))),
    replicas: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    memory: fc.constantFrom(undefined, "64Mi", "2Gi"),
  })
  .map(({ homes, replicas, memory }) =>
    read({
      groups: Object.fromEntries(
        ["a", "b", "c"].map((group, at) => [
          group,
          {
            services: names.filter((_, i) => homes[i] === group),
            replicas: replicas[at],
            ...(memory !== undefined && { memory }),
          },
        ]),
      ),
    }),
  );

/** How many processes run each set of services. */
function counted(...steps: readonly (readonly GroupStep[])[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { group, services, replicas } of steps.flat()) {
    const key = `${group}: ${[...services].toSorted().join(" ")}`;
    counts[key] = (counts[key] ?? 0) + replicas;
  }
  return counts;
}

function whole({ groups }: Placement): Record<string, number> {
  return counted(
    Object.entries(groups)
      .filter(([, { services }]) => services.length > 0)
      .map(([group, { services, replicas }]) => ({ group, services, replicas })),
  );
}

describe("a move", () => {
  test("what stays and what starts is the new placement, what stays and what drains the old one", () => {
    fc.assert(
      fc.property(placements, placements, (from, to) => {
        const { start, keep, drain } = planMove(from, to);
        assert.deepEqual(counted(keep, start), whole(to));
        assert.deepEqual(counted(keep, drain), whole(from));
      }),
    );
  });

  test("to where it is, is nothing", () => {
    fc.assert(
      fc.property(placements, (placement) => {
        const move = planMove(placement, read(toPlacementValue(placement)));
        assert.deepEqual([move.start, move.drain, move.moved], [[], [], []]);
        assert.deepEqual(describeMove(move), ["nothing to do: this is the placement that runs"]);
      }),
    );
  });

  test("more replicas start beside those that run; another limit of memory needs other processes", () => {
    const [two, three] = [2, 3].map((replicas) =>
      read({ rest: "all", groups: { all: { services: [], replicas } } }),
    ) as [Placement, Placement];
    assert.deepEqual([planMove(two, three).start[0]?.replicas, planMove(two, three).drain], [1, []]);
    assert.deepEqual([planMove(three, two).start, planMove(three, two).drain[0]?.replicas], [[], 1]);
    const large = read({ rest: "all", groups: { all: { services: [], replicas: 2, memory: "1Gi" } } });
    assert.deepEqual([planMove(two, large).start[0]?.replicas, planMove(two, large).drain[0]?.replicas], [2, 2]);
  });

  test("the steps, in words and in order", () => {
    const from = read({
      groups: { front: { services: ["gateway", "search"] }, orders: { services: ["orders", "stock"] } },
    });
    assert.deepEqual(describeMove(planMove(from, withService(from, "stock", "own", shop))), [
      "start 1 x orders (orders)",
      "start 1 x own (stock)",
      "wait until each of them is ready",
      "prove orders, own: they get more and more calls, for 15 s and a rest of up to 6 s for each new process, and are taken back if they end or fail more than the old ones",
      "send all calls of orders, stock there",
      "drain 1 x orders (orders, stock): what is in flight is finished, then it ends",
      "keep 1 x front (gateway, search)",
    ]);
  });

  test("a leader's successor proves nothing: it has no calls before the leader has ended", () => {
    const from = read({
      groups: {
        front: { services: ["gateway"] },
        orders: { services: ["orders", "stock", "search"], singleton: true },
      },
    });
    const to = withService(from, "stock", "own", shop);
    assert.deepEqual(describeMove(planMove(from, to)).slice(2, 4), [
      "wait until each of them is ready",
      "send all calls of orders, search, stock there",
    ]);
    assert.match(describeMove(planMove(from, withService(from, "gateway", "own", shop)))[2] ?? "", /^prove own: /);
  });
});

describe("one service in another group", () => {
  test("a missing group is made, an emptied one goes, and nothing else changes", () => {
    fc.assert(
      fc.property(placements, fc.constantFrom(...names), fc.constantFrom("a", "b", "z"), (placement, name, group) => {
        const moved = withService(placement, name, group, shop);
        assert.ok(moved.groups[group]?.services.includes(name));
        assert.deepEqual(
          Object.values(moved.groups)
            .flatMap(({ services }) => services)
            .toSorted(),
          names.toSorted(),
        );
        for (const { services } of Object.values(moved.groups)) assert.ok(services.length > 0);
      }),
    );
  });

  test("pins and names are kept", () => {
    const pinned = read({
      groups: { all: { services: names } },
      pins: { orders: { with: ["stock"] } },
    });
    for (const [name, group] of [
      ["stock", "own"],
      ["stok", "own"],
      ["stock", "Own Group"],
    ] as const)
      assert.throws(
        () => withService(pinned, name, group, shop),
        (error) => isSkeinError(error) && error.code === "SKEIN_PLACEMENT_INVALID",
      );
  });
});
