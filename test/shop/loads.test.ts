/** Which code a host loads: that of its own services, and of no other. In a process of its own, with nothing else in it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";

const root = new URL("../../", import.meta.url).pathname;

/** Starts a host in a child process and lists every module of the shop, and every package, that it loaded. */
async function loadedBy(t: TestContext, services: readonly string[]): Promise<{ shop: string[]; packages: string[] }> {
  const home = await mkdtemp(join(tmpdir(), "skein-loads-"));
  t.after(() => rm(home, { recursive: true }));
  const script = `
    import module from "node:module";
    const loaded = [];
    module.registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { createHost } = await import("skein");
    const { default: shop } = await import("./examples/shop/system.ts");
    const host = await createHost(shop, { services: ${JSON.stringify(services)}, mode: "development", home: ${JSON.stringify(home)}, env: {} });
    await host.close();
    console.log(JSON.stringify(loaded));
  `;
  const args = ["--conditions=skein-src", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const urls = JSON.parse(stdout) as string[];
  const names = (pattern: RegExp) => [...new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? []))].toSorted();
  return { shop: names(/\/examples\/shop\/(.+)$/), packages: names(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//) };
}

const code = (loaded: { readonly shop: readonly string[] }) =>
  loaded.shop.filter((file) => !/(contract|service|migrations|system|values|identity)\.ts$/.test(file));

test("a host of one service loads that service's code only; of the others their declarations", async (t) => {
  const loaded = await loadedBy(t, ["catalog"]);
  assert.deepEqual(code(loaded), ["catalog/index.ts"]);
  for (const service of ["orders", "search", "storefront"]) assert.ok(loaded.shop.includes(`${service}/service.ts`));
  assert.ok(!loaded.packages.includes("minisearch"), "a library of another service");
  assert.ok(!loaded.packages.includes("pg"), "the engine that is not used");
  t.diagnostic(`${loaded.shop.length} modules of the shop, packages ${loaded.packages.join(" ")}`);
});

test("orders and search bring their own helpers and libraries", async (t) => {
  const loaded = await loadedBy(t, ["orders", "search"]);
  assert.deepEqual(code(loaded), ["orders/finish.ts", "orders/index.ts", "search/index.ts", "search/product-index.ts"]);
  assert.ok(loaded.packages.includes("minisearch"));
});
