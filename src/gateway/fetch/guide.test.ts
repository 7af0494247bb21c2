/** Runs the example of docs/guides/fetch.md as its reader would. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { FetchHandler } from "./index.ts";

const root = resolve(import.meta.dirname, "../../..");

test("the guide's example answers as it says", async (t) => {
  const guide = readFileSync(join(root, "docs/guides/fetch.md"), "utf8");
  const [, example = ""] = /^```ts\n([\s\S]*?)^```$/m.exec(guide) ?? [];
  const [, said] = /\/\/ (\d.*)$/m.exec(example) ?? [];
  // Inside the repository, so that "skein" is this package, and in a folder that git ignores.
  mkdirSync(join(root, ".skein"), { recursive: true });
  const folder = mkdtempSync(join(root, ".skein", "guide-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "app.mts");
  writeFileSync(
    file,
    example.replace(
      "console.log(answer.status, await answer.text())",
      "export const got = [answer.status, await answer.text()]",
    ),
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is the guide's own
  const { handle, got } = (await import(file)) as { handle: FetchHandler; got: [number, string] };
  assert.equal(got.join(" "), said);
  await handle.close();
});
