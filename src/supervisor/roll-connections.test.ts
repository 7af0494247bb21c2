/** How many connections hosts of two builds open side by side. It needs no server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BuildConnections, lackBeside, lackOfConnections, type LimitedConnections } from "./roll-connections.ts";

const of = (perHost: Readonly<Record<string, number>>, server: string | null = "db:5432"): BuildConnections => ({
  server,
  groups: Object.entries(perHost).map(([group, each]) => ({ group, replicas: 2, perHost: each })),
});
const limited = (
  limit: number,
  perHost: Readonly<Record<string, number>>,
  limitFrom: LimitedConnections["limitFrom"] = "server",
): LimitedConnections => ({ ...of(perHost), limit, limitFrom });

test("one host more than usual, of the same size: what fits at rest does not fit while it is replaced", () => {
  const before = [of({ a: 10, b: 10 })];
  assert.equal(lackOfConnections(before, [limited(50, { a: 10, b: 10 })], ["a", "b"]), undefined);
  const lack = lackOfConnections(before, [limited(49, { a: 10, b: 10 })], ["a", "b"]);
  assert.equal(lack?.isDoubtful, false);
  assert.match(
    lack?.message ?? "",
    /^db:5432 has 49 connections, and while a is replaced .* 40, and one host more 10$/,
  );
});

test("a build that needs more meets the last of the old ones, one that needs less begins beside all of them", () => {
  assert.match(
    lackOfConnections([of({ a: 5, b: 5 })], [limited(54, { a: 15, b: 10 })], ["a", "b"])?.message ?? "",
    /while b is replaced hosts of both builds open up to 45, and one host more 10$/,
  );
  assert.equal(lackOfConnections([of({ a: 5, b: 5 })], [limited(55, { a: 15, b: 10 })], ["a", "b"]), undefined);
  assert.match(
    lackOfConnections([of({ a: 20 })], [limited(44, { a: 5 })], ["a"])?.message ?? "",
    /while a is replaced hosts of both builds open up to 40, and one host more 5$/,
  );
});

test("each server by itself; a limit that is a guess is doubtful, and what is certain is said first", () => {
  const other = { ...limited(10, { a: 20 }), server: "other:5432" };
  const guessed = limited(10, { a: 20 }, "default");
  assert.equal(lackOfConnections([of({ a: 20 })], [guessed], ["a"])?.isDoubtful, true);
  assert.match(lackOfConnections([of({ a: 20 })], [guessed, other], ["a"])?.message ?? "", /^other:5432/);
  assert.equal(lackOfConnections([of({ a: 20 })], [], ["a"]), undefined, "the new build needs none");
});

test("property: the most that is open at any moment, whatever the builds are", () => {
  const each = fc.record({ was: fc.nat(50), becomes: fc.nat(50), replicas: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(fc.array(each, { minLength: 1, maxLength: 4 }), (all) => {
      const groups = all.map(({ replicas }, at) => ({ group: `g${at}`, replicas }));
      const before = groups.map((one, at) => ({ ...one, perHost: all[at]?.was ?? 0 }));
      const after = groups.map((one, at) => ({ ...one, perHost: all[at]?.becomes ?? 0 }));
      // Every host by itself, in the order in which they are replaced.
      const hosts = before.flatMap(({ perHost, replicas }) => new Array<number>(replicas).fill(perHost));
      const next = after.flatMap(({ perHost, replicas }) => new Array<number>(replicas).fill(perHost));
      let most = 0;
      for (let at = 0; at < hosts.length; at++) {
        most = Math.max(
          most,
          [...next.slice(0, at + 1), ...hosts.slice(at)].reduce((sum, one) => sum + one, 0),
        );
      }
      const lackAt = (limit: number) =>
        lackOfConnections(
          [{ server: null, groups: before }],
          [{ server: null, groups: after, limit, limitFrom: "environment" }],
          groups.map(({ group }) => group),
        );
      assert.equal(lackAt(most), undefined);
      // What is open at rest is not the roll's.
      const isRoll = all.some(({ becomes }) => becomes > 0);
      if (isRoll && most > 0) assert.notEqual(lackAt(most - 1), undefined);
    }),
  );
});

const start = (groups: Readonly<Record<string, number>>) =>
  Object.entries(groups).map(([group, replicas]) => ({ group, services: [group], replicas }));

test("a move: all that starts beside all that runs, and nothing where nothing is opened", () => {
  const [before, after] = [[of({ a: 10, b: 5 })], limited(49, { a: 10, c: 10 })];
  assert.match(
    lackBeside(before, [after], start({ c: 2 }))?.message ?? "",
    /^db:5432 has 49 connections, and the new processes open up to 20 beside the 30 of those that run$/,
  );
  assert.equal(lackBeside(before, [{ ...after, limit: 50 }], start({ c: 2 })), undefined);
  // A replica more of what is there.
  assert.equal(lackBeside(before, [{ ...after, limit: 40 }], start({ a: 1 })), undefined);
  assert.equal(lackBeside(before, [{ ...after, limit: 39 }], start({ a: 1 }))?.isDoubtful, false);
  assert.equal(lackBeside(before, [{ ...after, limit: 9, limitFrom: "default" }], start({ c: 1 }))?.isDoubtful, true);
  assert.equal(lackBeside(before, [{ ...after, limit: 9 }], start({ front: 2 })), undefined, "it has no database");
  assert.equal(lackBeside(before, [], start({ c: 1 })), undefined, "nobody needs the server any more");
});
