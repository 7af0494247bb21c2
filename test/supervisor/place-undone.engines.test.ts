/** Moves that must be taken back: new processes that do not start, that end, that fail more calls than the old ones. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type PlacedShop, startPlaced } from "../shop/placed.ts";

const source = path.join(import.meta.dirname, "../../src");

/** What a process does is decided by its group: the same code is fine in one and broken in another. */
const system = `
import * as z from "zod";
import { contract, query } from ${JSON.stringify(path.join(source, "contract/index.ts"))};
import { service, system } from ${JSON.stringify(path.join(source, "index.ts"))};
const group = process.argv[2]?.startsWith("{") ? JSON.parse(process.argv[2]).group : "";
if (group === "unloadable") throw new Error("there is no room here");
if (group === "mortal") setTimeout(() => process.exit(7), 3_000);
const contractOf = (name, http) => contract(name, { ping: query({ output: z.string(), http }) });
const [A, B] = [contractOf("a", "GET /a"), contractOf("b", "GET /b")];
const policy = { ping: { access: "public" } };
const ping = () => {
  if (group === "faulty") throw new Error("always");
  return group;
};
export default system("moves", {
  services: [service(A, { policy }).implement({ ping: () => group }), service(B, { policy }).implement({ ping })],
});
`;

describe(
  "a move that is taken back",
  { skip: process.platform === "linux" ? false : "it counts processes in /proc" },
  () => {
    // Inside the repository, so that the system finds its packages.
    const directory = mkdtempSync(path.join(import.meta.dirname, "moves-"));
    let running: PlacedShop | undefined;
    const moves = (): PlacedShop => running ?? assert.fail("nothing runs");

    before(async () => {
      const [file, placement] = ["system.ts", "placement.json"].map((name) => path.join(directory, name)) as [
        string,
        string,
      ];
      writeFileSync(file, system);
      writeFileSync(
        placement,
        JSON.stringify({ groups: { front: { services: ["gateway", "a"] }, home: { services: ["b"] } } }),
      );
      running = await startPlaced(file, placement);
    });
    after(async () => {
      await running?.close();
      rmSync(directory, { recursive: true });
    });

    for (const [group, reason] of [
      ["unloadable", /unloadable-1 did not start: .*no room here/s],
      ["mortal", /mortal-1 ended/],
      ["faulty", /calls of \S+ failed at the new processes, 100\.0 % where it is 0\.0 % at the old ones/],
    ] as const)
      test(`${group}: the reason is said, and everything is as it was`, async () => {
        const before = (await moves().status()).hosts;
        const move = moves().place(`b=${group}`);
        let isOver = false;
        const answers = new Set<string>();
        const asking = (async () => {
          while (!isOver) {
            const response = await fetch(`${moves().url}/b`);
            answers.add(`${response.status} ${response.status === 200 ? await response.text() : ""}`);
            await pause(20);
          }
        })();
        await assert.rejects(move, (error: Error) => {
          assert.match(error.message, /SKEIN_PLACE_UNDONE/);
          assert.match(error.message, reason);
          return true;
        });
        isOver = true;
        await asking;
        const now = (await moves().status()).hosts;
        assert.deepEqual(
          now.map(({ pid, services }) => [pid, services]),
          before.map(({ pid, services }) => [pid, services]),
        );
        assert.equal(await (await fetch(`${moves().url}/b`)).text(), '"home"');
        assert.ok(answers.has('200 "home"'), [...answers].join());
      });
  },
);
