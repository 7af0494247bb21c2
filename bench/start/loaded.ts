// Shows what code a host loads. usage: node --conditions=skein-src loaded.ts [service...]; all services unless given.
// Prints figures as JSON: modules of the shop that were loaded, and which of them belong to services that do not run.
import { registerHooks } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const shop = new URL("../../examples/shop/", import.meta.url).href;
const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    if (url.startsWith(shop)) loaded.push(url.slice(shop.length));
    return next(url, context);
  },
});

const wanted = process.argv.slice(2);
const { createHost } = await import("skein");
const { default: system } = (await import(`${shop}system.ts`)) as typeof import("../../examples/shop/system.ts");
const declarations = loaded.length;
const home = mkdtempSync(join(tmpdir(), "skein-bench-"));
const host = await createHost(system, {
  home,
  mode: "development",
  inMemory: true,
  ...(wanted.length > 0 && { services: wanted }),
});
const own = loaded.slice(declarations);
await host.close();
rmSync(home, { recursive: true });
console.error(`loaded by a host of ${wanted.join(", ") || "all services"}: ${own.join(" ")}`);
const foreign =
  wanted.length === 0 ? 0 : own.filter((file) => !wanted.some((name) => file.startsWith(`${name}/`))).length;
console.log(JSON.stringify({ declarationModules: declarations, codeModules: own.length, foreignModules: foreign }));
