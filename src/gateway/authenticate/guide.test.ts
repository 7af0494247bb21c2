/** Runs the example of docs/guides/authentication.md as its reader would, and asks it. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { createHost } from "../../host/index.ts";
import type { System } from "../../system/index.ts";
import { createGateway } from "../index.ts";

const root = resolve(import.meta.dirname, "../../..");

test("the guide's example answers as its table says", async (t) => {
  const guide = readFileSync(join(root, "docs/guides/authentication.md"), "utf8");
  const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? "");
  assert.equal(blocks.length, 1);
  // Inside the repository, so that "skein" is this package, and in a folder that git ignores.
  mkdirSync(join(root, ".skein"), { recursive: true });
  const folder = mkdtempSync(join(root, ".skein", "guide-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "system.mts");
  writeFileSync(file, (blocks[0] ?? "").replace("console.log(robot.key);", "export const key = robot.key;"));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is the guide's own
  const { default: desk, key } = (await import(file)) as { default: System; key: string };
  const host = await createHost(desk, { mode: "test", inMemory: true });
  const gateway = await createGateway(host, { port: 0 });
  t.after(async () => {
    await gateway.close();
    await host.close();
  });
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(gateway.url + path, { headers });
    return [response.status, response.ok ? await response.json() : undefined];
  };
  const known = { "x-api-key": key };
  assert.deepEqual(await ask("/hello"), [200, "Hello stranger"]);
  assert.deepEqual(await ask("/hello", known), [200, "Hello robot"]);
  assert.deepEqual(await ask("/hello", { "x-api-key": "broken" }), [401, undefined]);
  assert.deepEqual(await ask("/hello", { authorization: "Bearer broken" }), [401, undefined]);
  assert.deepEqual(await ask("/files"), [401, undefined]);
  assert.deepEqual(await ask("/files", known), [200, "all of them"]);
  assert.deepEqual(await ask("/files/robot", known), [200, "of robot"]);
  assert.deepEqual(await ask("/files/ann", known), [403, undefined]);
});
