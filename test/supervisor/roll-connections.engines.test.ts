/** The connections of a build that was not loaded are counted by its own Skein, and those of two builds together, before anything starts. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { makeDirectory } from "./roll-builds.ts";
import { writeTiny } from "./tiny/builds.ts";
import { Tiny } from "./tiny/running.ts";

let root: string;
let one: Tiny;
let v1: string;
beforeEach(() => {
  root = makeDirectory();
  v1 = writeTiny(root, "v1");
  one = new Tiny(v1);
});
afterEach(async () => {
  await one.clear();
  rmSync(root, { recursive: true, maxRetries: 5 });
});

const connections = (perHost: number, limit: number) => [
  { server: "db:5432", limit, limitFrom: "server", groups: [{ group: "stock", replicas: 2, perHost }] },
];
const say = (file: string, said: object): void =>
  writeFileSync(path.join(path.dirname(file), "said.json"), JSON.stringify(said));

test("a start on a build that has its own Skein and needs more than there is is refused, and nothing runs", async () => {
  const finding = {
    level: "error",
    code: "SKEIN_PLACEMENT_CONNECTIONS",
    where: "p",
    message: "db has 9",
    fix: "fewer",
  };
  say(v1, { connections: connections(10, 9), findings: [finding] });
  await assert.rejects(one.start(), /"SKEIN_PLACEMENT_CONNECTIONS","message":"db has 9; fewer/);
  assert.deepEqual(one.state.hosts(), []);
});

test("a roll whose two builds together need more than there is is refused, and nothing is begun", async () => {
  say(v1, { connections: connections(10, 33) });
  const [larger, fits] = [writeTiny(root, "larger"), writeTiny(root, "fits")];
  // Each of them fits by itself, and beside one host more of its own.
  say(larger, { connections: connections(12, 33) });
  say(fits, { connections: connections(11, 33) });
  await one.start();
  const before = one.state.hosts();
  await assert.rejects(one.roll(larger), {
    code: "SKEIN_PLACEMENT_CONNECTIONS",
    message: /while stock is replaced hosts of both builds open up to 22, and one host more 12$/,
  });
  assert.deepEqual(one.state.hosts(), before);
  assert.equal(one.state.roll, undefined);
  assert.equal(await one.roll(fits), true);
  await one.assertWhole("rolled to what fits");
});

test("a move whose new processes need more beside the old ones than there is is refused, dry too, and nothing is begun", async () => {
  const said = (perHost: number) => [
    {
      server: "db:5432",
      limit: 33,
      limitFrom: "server",
      groups: [
        { group: "stock", replicas: 2, perHost: 10 },
        { group: "own", replicas: 1, perHost },
      ],
    },
  ];
  say(v1, { connections: said(10) });
  await one.start();
  const before = one.state.hosts();
  const wish = { services: { stock: "own" } };
  for (const isDry of [true, false])
    await assert.rejects(one.place(wish, isDry), {
      code: "SKEIN_PLACEMENT_CONNECTIONS",
      message: /the new processes open up to 10 beside the 30 of those that run$/,
    });
  assert.deepEqual(one.state.hosts(), before);
  assert.equal(one.state.move, undefined);
  say(v1, { connections: said(6) });
  assert.ok((await one.place(wish, true)).some((text) => text.startsWith("start 1 x own")));
  assert.deepEqual(one.state.hosts(), before);
});
