// Owns the generation of the reference pages: runs every `write-reference.ts` of the layers.
// Must not know any page: each layer renders its own from its own data.

import { files, run } from "./lib/repository.ts";

const writers = files("src/*/write-reference.ts");
let failed = writers.length === 0;
for (const writer of writers) {
  const { status } = run("node", ["--conditions=skein-src", writer], { inherit: true });
  console.log(`${status === 0 ? "wrote" : "FAILED"} the pages of ${writer}`);
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
