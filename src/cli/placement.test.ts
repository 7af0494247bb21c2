/** Owns `skein check --placement` on the shop's own placements and on broken ones. It must never start a service. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import shop from "../../examples/shop/system.ts";
import { loadPlacement, tryPlacement } from "./load-placement.ts";

const placements = path.join(import.meta.dirname, "../../examples/shop/placements");

test("the shop's placements are legal, and say what they say", () => {
  const of = (name: string) => Object.values(loadPlacement(path.join(placements, `${name}.json`), shop).groups);
  assert.equal(of("one").length, 1);
  assert.equal(of("split").length, 3);
  assert.equal(of("each").length, shop.services.length + 1);
  assert.deepEqual(
    of("leader").map(({ isSingleton }) => isSingleton),
    [false, true],
  );
  assert.ok(of("replicated").every(({ replicas }) => replicas >= 2));
});

test("a broken file is explained whole, and one that is no JSON or not there by its name", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "skein-placement-"));
  const file = path.join(directory, "p.json");
  try {
    await writeFile(file, '{"rest":"a","groups":{"a":{"services":["order"],"location":"edge"}}}');
    assert.deepEqual(
      tryPlacement(file, shop).issues.map((issue) => issue.path),
      ["groups.a.location", "groups.a.services"],
    );
    await writeFile(file, "{");
    assert.throws(() => loadPlacement(file, shop), {
      code: "SKEIN_PLACEMENT_INVALID",
      message: /p\.json cannot be read/,
    });
    await rm(file);
    assert.match(tryPlacement(file, shop).issues[0]?.message ?? "", /ENOENT/);
  } finally {
    await rm(directory, { recursive: true });
  }
});
