/** What a real process has loaded of Node itself once it has all of a host, its gateway and the ways to others. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const src = resolve(import.meta.dirname, "..");
/** What `supervisor/host-main.ts` imports, and what Skein loads later. */
const layers = [
  "data",
  "external",
  "gateway/node",
  "host",
  "host/remote",
  "observe",
  "supervisor",
  "system",
  "transport",
];

function loadedBy(code: string): Set<string> {
  const text = `${code}\nprocess.stdout.write(JSON.stringify(process.moduleLoadList));`;
  const output = execFileSync(process.execPath, ["--conditions=skein-src", "--input-type=module", "-e", text], {
    encoding: "utf8",
    // Not the options of who runs the tests.
    env: { PATH: process.env["PATH"] },
  });
  return new Set((JSON.parse(output) as string[]).map((name) => name.replace("NativeModule ", "")));
}

test("a host with its gateway loads node:http, and neither undici nor TLS", () => {
  const imports = [...layers.map((layer) => `${layer}/index.ts`), "gateway/node/mount.ts"].map(
    (file) => `await import(${JSON.stringify(pathToFileURL(resolve(src, file)).href)});`,
  );
  const libraries = ["jose", "kysely", "rou3", "ws", "zod"].map((name) => `await import("${name}");`);
  const loaded = loadedBy(imports.join("\n"));
  assert.ok(loaded.has("http"));
  assert.deepEqual(
    ["internal/deps/undici/undici", "tls", "https"].filter((name) => loaded.has(name)),
    [],
  );
  assert.ok(!loadedBy(libraries.join("\n")).has("internal/deps/undici/undici"));
});

test("what loads undici is seen to", () => {
  assert.ok(loadedBy("void WebSocket;").has("internal/deps/undici/undici"));
});
