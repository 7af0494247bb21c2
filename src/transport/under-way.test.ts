/** Owns the proof that calls under way are found by number, whatever numbers they have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UnderWay } from "./under-way.ts";

/** Numbers that share places, and some that do not. */
const ids = fc.oneof(
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 0, max: 4 }).map((times) => times * 1_024 + 3),
  fc.constantFrom(0xffff_ffff, 0x8000_0000),
);

test("adding and deleting in any order gives what a Map gives", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), ids), { maxLength: 200 }), (steps) => {
      const model = new Map<number, { readonly id: number }>();
      const calls = new UnderWay<{ readonly id: number }>();
      for (const [adds, id] of steps) {
        const known = model.get(id);
        if (adds && known === undefined) {
          const one = { id };
          model.set(id, one);
          calls.add(one);
        } else if (!adds) {
          calls.delete(known ?? { id });
          model.delete(id);
        }
        assert.equal(calls.get(id), model.get(id));
        assert.equal(calls.size, model.size);
      }
      for (const [id, one] of model) assert.equal(calls.get(id), one);
      assert.deepEqual(new Set(calls.all()), new Set(model.values()));
    }),
  );
});

test("one that is there no more takes no other of its number with it", () => {
  const calls = new UnderWay<{ readonly id: number }>();
  const [old, now] = [{ id: 7 }, { id: 7 }];
  calls.add(old);
  calls.delete(old);
  calls.add(now);
  calls.delete(old);
  assert.equal(calls.get(7), now);
  assert.equal(calls.size, 1);
});
