/** The proof that a bundle of the doors needs no module of Node: a static import of one in any file below them fails here. */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "../../..");

test("skein, skein/contract and skein/fetch bundle for no platform, without a module of Node", async () => {
  const entry = ["index.ts", "contract/index.ts", "gateway/fetch/index.ts"]
    .map((file) => `export * from ${JSON.stringify(join(root, "src", file))};`)
    .join("\n");
  const { metafile } = await build({
    stdin: { contents: entry, resolveDir: root, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["skein-src"],
    external: ["node:*"],
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const found = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ external }) => external === true).map(({ path }) => `${file} imports ${path}`),
  );
  assert.deepEqual(found, []);
  const files = Object.keys(metafile.inputs);
  assert.ok(files.some((file) => file.endsWith("src/data/internal/no-engines.ts")));
  // It imports none either, and still cannot do without them.
  assert.ok(!files.some((file) => file.endsWith("src/core/node-modules.ts")));
});
