/**
 * A supervisor that is killed after any write of a roll or a move, and the next one in the middle of taking a roll back: what follows
 * ends in one build and one placement, with a process for each place and no other. The supervisor is the real one, its hosts are
 * processes that serve nobody.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, describe, test } from "node:test";
import { makeDirectory } from "./roll-builds.ts";
import { placement, writeTiny } from "./tiny/builds.ts";
import { Tiny } from "./tiny/running.ts";

/** Each has a handful of processes, most of which wait. */
const together = 6;
/** More than a roll has; the last ones are not reached. */
const writesMax = 80;

describe(
  "a roll or a move that is cut off",
  { skip: process.platform === "linux" ? false : "it counts processes in /proc" },
  () => {
    const root = makeDirectory();
    const [v1, v2] = [writeTiny(root, "v1"), writeTiny(root, "v2")];
    const systems: Tiny[] = [];
    const tiny = (): Tiny => {
      const one = new Tiny(v1);
      systems.push(one);
      return one;
    };
    after(async () => {
      for (const one of systems) await one.clear();
      rmSync(root, { recursive: true, maxRetries: 5 });
    });

    /** A few at a time, until one of them says that there is nothing more. */
    async function each(numbers: readonly number[], trial: (number: number) => Promise<boolean>): Promise<number> {
      let next = 0;
      let reached = 0;
      let isOver = false;
      const run = async (): Promise<void> => {
        while (!isOver && next < numbers.length) {
          if (await trial(numbers[next++] ?? 0)) reached++;
          else isOver = true;
        }
      };
      await Promise.all(Array.from({ length: together }, run));
      return reached;
    }

    const upTo = (most: number, step = 1) => Array.from({ length: most / step }, (_, at) => at * step + 1);

    test("after any of its writes: the next supervisor ends in one build", async () => {
      const reached = await each(upTo(writesMax), async (write) => {
        const one = tiny();
        assert.equal(await one.start(`from build.json ${write}`), true);
        const isKilled = !(await one.roll(v2));
        if (isKilled) assert.equal(await one.start(), true);
        await one.assertWhole(`killed after write ${write} of a roll`);
        // And it can be rolled as if nothing had been; one of many shows that.
        const isShown = isKilled && write % 8 === 0 && one.state.keptBuild?.build.file !== v2;
        if (isShown) assert.equal(await one.roll(v2), true);
        if (isShown) await one.assertWhole(`rolled after one that was killed after write ${write}`);
        // One that is still to be killed would be while it stops.
        await (isKilled ? one.stop() : one.clear());
        return isKilled;
      });
      // Three processes: started, ready, in the routes, and the old ones out of them, told, gone.
      assert.ok(reached >= 3 * 6, `${reached} writes`);
    });

    test("after every second write of a move, to a group of its own and to another memory: one placement", async () => {
      const { stock } = placement.groups;
      const to = {
        groups: {
          front: { services: ["gateway"] },
          own: { services: ["pages"] },
          stock: { ...stock, memory: "256Mi" },
        },
      };
      const ends = { old: 0, new: 0 };
      const reached = await each(upTo(writesMax, 2), async (write) => {
        const one = tiny();
        assert.equal(await one.start(`from move.json ${write}`), true);
        const isKilled = !(await one.move(to));
        if (isKilled) assert.equal(await one.start(), true);
        await one.assertWhole(`killed after write ${write} of a move`);
        if (isKilled) ends[one.state.keptPlacement === undefined ? "old" : "new"]++;
        // One that is still to be killed would be while it stops.
        await (isKilled ? one.stop() : one.clear());
        return isKilled;
      });
      // Four processes: started, ready, in the routes, and the old ones out of them, told, gone; every second one of that.
      assert.ok(reached >= 10, `${reached} writes`);
      assert.ok(ends.old > 0 && ends.new > 0, JSON.stringify(ends));
    });

    test("and the supervisor that takes it back after any of its own", async () => {
      const reached = await each(upTo(writesMax, 2), async (write) => {
        const one = tiny();
        assert.equal(await one.start("from build.json 16"), true);
        assert.equal(await one.roll(v2), false);
        const isReady = await one.start(`from supervisor.json ${write}`);
        // It goes on with that when all is ready.
        const isKilled = !isReady || (await one.isCutOff(`taking it back, killed after write ${write}`));
        if (isKilled) assert.equal(await one.start(), true);
        await one.assertWhole(`killed after write ${write} of taking it back`);
        assert.equal(one.state.keptBuild?.build.file, v1);
        // One that is still to be killed would be while it stops.
        await (isKilled ? one.stop() : one.clear());
        return isKilled;
      });
      assert.ok(reached >= 5, `${reached} writes`);
    });
  },
);
