/** Runs the examples of the guides to testing and to simulation, each as a program of its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";

const root = resolve(import.meta.dirname, "../..");
/** Each guide, and how many examples it has. */
const guides = { testing: 3, simulation: 2 };

for (const [name, examples] of Object.entries(guides)) {
  const guide = readFileSync(resolve(root, `docs/guides/${name}.md`), "utf8");
  const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? "");
  describe(`the guide to ${name}`, { concurrency: true }, () => {
    it("has examples", () => assert.equal(blocks.length, examples));
    for (const [i, source] of blocks.entries()) {
      it(`example ${i + 1} passes`, async () => {
        // From the repository's root, so that "skein" is this package.
        const child = spawn(process.execPath, ["--conditions=skein-src", "--input-type=module-typescript", "-"], {
          cwd: root,
          env: { ...process.env, NODE_TEST_CONTEXT: undefined },
        });
        let output = "";
        for (const stream of [child.stdout, child.stderr])
          stream.on("data", (part: Buffer) => (output += part.toString()));
        child.stdin.end(source);
        const [code] = (await once(child, "close")) as [number];
        assert.equal(code, 0, output);
        assert.match(output, /pass [1-9]/);
      });
    }
  });
}
