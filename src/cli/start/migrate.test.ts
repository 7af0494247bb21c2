/** Owns `skein migrate` on the shop: afterwards a production host opens, and before it does not. It must never need a server. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import shop from "../../../examples/shop/system.ts";
import { createHost } from "../../host/index.ts";

const bin = path.join(import.meta.dirname, "../bin.ts");
const system = path.join(import.meta.dirname, "../../../examples/shop/system.ts");

test("skein migrate brings the databases up, twice without a difference, and production starts on them", async () => {
  const home = await mkdtemp(path.join(tmpdir(), "skein-migrate-"));
  const open = () => createHost(shop, { home, env: {}, services: ["cart"], mode: "production" });
  const migrate = () =>
    execFileSync(process.execPath, ["--conditions=skein-src", bin, "migrate", system, "--json"], {
      env: { PATH: process.env["PATH"], SKEIN_HOME: home },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  try {
    await assert.rejects(open(), { code: "SKEIN_MIGRATION_PENDING" });
    for (let i = 0; i < 2; i++) assert.deepEqual(JSON.parse(migrate()), { migrated: "shop" });
    const host = await open();
    await host.close();
  } finally {
    await rm(home, { recursive: true });
  }
});
