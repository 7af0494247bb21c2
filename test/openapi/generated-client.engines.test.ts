/**
 * A client that others generate from our document: openapi-typescript makes the types, strict TypeScript 5 compiles a
 * program over openapi-fetch, and that program talks to the running shop.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startShop } from "../shop/running.ts";

const peers = resolve(import.meta.dirname, "../peers");
const generated = join(peers, "generated");
const run = promisify(execFile);

/** From the lockfile, on first use or when a version has changed. Install scripts stay off. */
async function installPeers(): Promise<void> {
  const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const wanted = read(join(peers, "package.json"))["dependencies"] as Record<string, string>;
  const isThere = Object.entries(wanted).every(([name, version]) => {
    const file = join(peers, "node_modules", name, "package.json");
    return existsSync(file) && read(file)["version"] === version;
  });
  if (!isThere) await run("npm", ["ci", "--prefix", peers, "--ignore-scripts", "--no-audit", "--no-fund"]);
}

async function tool(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(peers, "node_modules", name), ...args], { cwd: peers }).catch(
    (error: { stdout?: string; stderr?: string }) => assert.fail(`${name}: ${error.stdout ?? ""}${error.stderr ?? ""}`),
  );
  return stdout;
}

test("a generated client compiles under strict tsc, lists products, orders once per key and meets a typed error", async () => {
  await installPeers();
  const shop = await startShop();
  await mkdir(generated, { recursive: true });
  try {
    const document = await fetch(`${shop.url}/openapi.json`);
    await writeFile(join(generated, "shop.json"), await document.text());
    await tool("openapi-typescript/bin/cli.js", "generated/shop.json", "--output", "generated/shop.ts");
    await tool("typescript/bin/tsc", "--project", ".");
    const { stdout } = await run(process.execPath, ["program.ts", shop.url], { cwd: peers });
    const said = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(
      { ...said, id: typeof said["id"], again: said["again"] === said["id"] },
      {
        products: 5,
        status: 201,
        paid: "paid",
        id: "number",
        again: true,
        error: "PRODUCT_UNKNOWN",
        missing: "no-such-product",
        guest: 401,
        guestCode: "SKEIN_ACCESS_UNAUTHENTICATED",
      },
    );
  } finally {
    await shop.close();
    await rm(generated, { recursive: true });
  }
});
