/** Bundles the layer for each kind of runtime, and runs what comes out: browsers carry no texts, everybody else does. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { build } from "esbuild";
import { catalogue, type SkeinCode } from "./catalogue.ts";
import type { SkeinError } from "./skein-error.ts";

interface Layer {
  readonly skeinError: (code: SkeinCode, detail?: string) => SkeinError;
  readonly toWireError: (error: unknown) => { readonly message: string };
  readonly catalogue: typeof catalogue;
}

async function bundle(conditions: string[], names: string): Promise<{ readonly text: string; readonly layer: Layer }> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${names} } from "./index.ts";`,
      resolveDir: import.meta.dirname,
      sourcefile: "entry.ts",
    },
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["skein-src", ...conditions],
    absWorkingDir: join(import.meta.dirname, "../.."),
    write: false,
  });
  const text = outputFiles[0]?.text ?? "";
  return { text, layer: (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Layer };
}

const { what, fix } = catalogue.SKEIN_CALL_DEADLINE;

suite("texts of errors in bundles", () => {
  test("a browser's errors are the same but for their texts", async () => {
    const { text, layer } = await bundle(["browser"], "skeinError, toWireError");
    for (const row of Object.values(catalogue)) assert.ok(!text.includes(row.what) && !text.includes(row.fix));
    const rest = layer.skeinError("SKEIN_CALL_DEADLINE");
    const expected = { canonical: "deadline_exceeded", outcome: "unknown", retry: false, who: "operator", status: 504 };
    assert.deepEqual({ ...rest }, { code: "SKEIN_CALL_DEADLINE", ...expected, fix: "" });
    assert.equal(layer.skeinError("SKEIN_CALL_DEADLINE").message, "deadline exceeded");
    assert.equal(layer.skeinError("SKEIN_CALL_DEADLINE", "after 3 s").message, "after 3 s");
    assert.equal(layer.toWireError(new Error("secret")).message, "internal");
  });

  for (const conditions of [["node"], ["workerd", "worker", "browser"], []]) {
    test(`with the conditions [${conditions.join(", ")}] errors have their texts`, async () => {
      const { layer } = await bundle(conditions, "skeinError");
      const error = layer.skeinError("SKEIN_CALL_DEADLINE");
      assert.deepEqual([error.message, error.fix], [what, fix]);
    });
  }

  test("the catalogue is whole in a browser too, for who asks for it", async () => {
    const { layer } = await bundle(["browser"], "catalogue");
    assert.deepEqual(layer.catalogue, catalogue);
  });
});
