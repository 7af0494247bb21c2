/** What hosts are told of who answers where: one group of each, and during a move the hosts of both placements. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { groupsOf, newcomersOf, type Replica } from "./replica.ts";

const build = { root: "/app", file: "/app/system.ts", skein: "/app/skein" } as unknown as Replica["build"];

function ready(group: string, services: readonly string[], replica: number, isSingleton = false): Replica {
  const place = { group, services, isSingleton, memory: undefined, build };
  const [one] = newcomersOf(place, 1, []) as [Replica];
  return { ...one, replica, state: "ready", isRouted: true, address: `${group}-${replica}:${services.join("")}` };
}

test("each group has its services and the addresses of those that are ready", () => {
  const late = { ...ready("a", ["x", "y"], 2), state: "starting" as const };
  assert.deepEqual(groupsOf([ready("front", ["gateway"], 1), ready("a", ["x", "y"], 1), late, ready("b", ["z"], 1)]), {
    front: { services: [], addresses: ["front-1:gateway"] },
    a: { services: ["x", "y"], addresses: ["a-1:xy"] },
    b: { services: ["z"], addresses: ["b-1:z"] },
  });
});

test("between two placements a service answers at the hosts of both", () => {
  const old = [ready("a", ["x", "y"], 1), ready("b", ["z"], 1)];
  const now = [ready("a", ["x"], 2), ready("b", ["y", "z"], 2)];
  assert.deepEqual(groupsOf([...old, ...now]), {
    "a+a": { services: ["x"], addresses: ["a-1:xy", "a-2:x"] },
    "a+b": { services: ["y"], addresses: ["a-1:xy", "b-2:yz"] },
    "b+b": { services: ["z"], addresses: ["b-1:z", "b-2:yz"] },
  });
});

test("hosts are told who leaves, where others have its services and where none has yet", () => {
  const old = { ...ready("a", ["x", "y"], 1), isLeaving: true };
  assert.deepEqual(groupsOf([old, ready("a", ["x"], 2)]), {
    "a+a": { services: ["x"], addresses: ["a-1:xy", "a-2:x"], leaving: ["a-1:xy"] },
    a: { services: ["y"], addresses: ["a-1:xy"], leaving: ["a-1:xy"] },
  });
});

test("a group without a host says why: the next one is starting, or it hangs; one with a host says nothing", () => {
  const [hung, next] = [ready("a", ["x"], 1), ready("a", ["x"], 2)];
  hung.isSilent = true;
  assert.deepEqual(groupsOf([hung]), { a: { services: ["x"], addresses: [], absent: "silent" } });
  assert.deepEqual(groupsOf([hung, { ...next, state: "waiting" }]), {
    a: { services: ["x"], addresses: [], absent: "starting" },
  });
  assert.deepEqual(groupsOf([hung, next]), { a: { services: ["x"], addresses: ["a-2:x"] } });
});

test("a group whose leader is on its way has no address and says so", () => {
  assert.deepEqual(groupsOf([ready("sync", ["s"], 1, true)]), {
    sync: { services: ["s"], addresses: [], hasLeader: true },
  });
});

test("whatever two placements: every service is in one group, at exactly the hosts that have it", () => {
  const services = ["p", "q", "r", "s", "t"];
  const partition = fc.array(fc.nat(2), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(partition, partition, (before, after) => {
      const hosts = [before, after].flatMap((groups, side) =>
        [0, 1, 2].flatMap((group) => {
          const own = services.filter((_, index) => groups[index] === group);
          return own.length === 0 ? [] : [ready(`g${group}`, own, side + 1)];
        }),
      );
      const groups = Object.values(groupsOf(hosts));
      for (const service of services) {
        const found = groups.filter((one) => one.services.includes(service));
        assert.equal(found.length, 1);
        const having = hosts.filter((one) => one.services.includes(service)).map(({ address }) => address);
        assert.deepEqual([...(found[0]?.addresses ?? [])].toSorted(), having.toSorted());
      }
    }),
  );
});
