/** What is noticed and what is not, on real directories. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createFileWatch } from "./watch.ts";

function folder() {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), "skein-watch-")));
  return {
    path: (name: string) => path.join(directory, name),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A watch whose changes can be awaited one by one. */
function noticing() {
  const seen: string[] = [];
  const waiting: Array<() => void> = [];
  const watch = createFileWatch(
    (file) => {
      seen.push(file);
      for (const wake of waiting.splice(0)) wake();
    },
    (error) => assert.fail(error.message),
  );
  const saw = async (file: string) => {
    while (!seen.includes(file)) await new Promise<void>((resolve) => waiting.push(resolve));
    seen.length = 0;
  };
  return { watch, seen, saw, [Symbol.dispose]: () => watch.close() };
}

test(
  "a write, a rename over the file, its removal and its return are noticed; its neighbours are not",
  { timeout: 10_000 },
  async () => {
    using place = folder();
    using it = noticing();
    const file = place.path("a.ts");
    writeFileSync(file, "1");
    it.watch.set([file]);
    writeFileSync(place.path("b.ts"), "2");
    writeFileSync(file, "2");
    await it.saw(file);
    writeFileSync(place.path("a.tmp"), "3");
    renameSync(place.path("a.tmp"), file);
    await it.saw(file);
    rmSync(file);
    await it.saw(file);
    writeFileSync(file, "4");
    await it.saw(file);
    assert.deepEqual(it.seen, []);
  },
);

test(
  "a file that is missing, with its folders, is noticed when the first folder appears",
  { timeout: 10_000 },
  async () => {
    using place = folder();
    using it = noticing();
    const file = place.path("deep/down/a.ts");
    it.watch.set([file]);
    mkdirSync(place.path("deep"));
    await it.saw(place.path("deep"));
    it.watch.set([file]);
    mkdirSync(place.path("deep/down"));
    await it.saw(place.path("deep/down"));
    it.watch.set([file]);
    writeFileSync(file, "1");
    await it.saw(file);
  },
);

test("more directories than may be watched: told with SKEIN_DEV_WATCH, the rest is watched", () => {
  using place = folder();
  const files = ["a", "b", "c"].map((name) => place.path(`${name}/x.ts`));
  for (const file of files) mkdirSync(path.dirname(file));
  const troubles: string[] = [];
  const watch = createFileWatch(
    () => undefined,
    (error) => troubles.push(`${error.code} ${error.message}`),
    2,
  );
  watch.set(files);
  watch.close();
  assert.deepEqual(troubles, ["SKEIN_DEV_WATCH a change may go unnoticed: 1 directories too many"]);
});
