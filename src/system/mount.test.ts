/** Declaring a mount: what is refused, what it is as data. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mount, type MountOptions, role, system } from "./index.ts";

const app = (_request: unknown, _response: unknown) => undefined;
const refused = (prefix: string, given: unknown, options: unknown, why: RegExp) =>
  assert.throws(
    () => mount(prefix, given, options as MountOptions),
    (error: Error & { code: string }) => error.code === "SKEIN_SERVICE_INVALID" && why.test(error.message),
  );

test("access is asked for, and only what a gateway can decide is taken", () => {
  refused("/legacy", app, undefined, /needs an access/);
  for (const access of [undefined, "internal", "guarded", "Public", {}, null])
    refused("/legacy", app, { access }, /needs an access/);
  assert.deepEqual(mount("/legacy", app, { access: role("admin") }).access, { role: "admin" });
});

test("prefixes, names and limits that cannot work are refused", () => {
  const access = "public";
  for (const prefix of ["", "legacy", "/legacy/", "//x", "/a b", "/:id", "/a/../b", "/%41", "/a?b"])
    refused(prefix, app, { access }, /is no prefix/);
  refused("/", app, { access }, /needs a name/);
  refused("/x", app, { access, name: "a b" }, /needs a name/);
  refused("/x", app, { access, timeout: "10 s" }, /timeout/);
  refused("/x", app, { access, timeout: 0 }, /timeout is above 0/);
  refused("/x", app, { access, limits: { body: "1MB" } }, /limits\.body/);
  for (const given of [undefined, null, 7, "app"]) refused("/x", given, { access }, /is no application/);
  refused("/x", Promise.resolve(app), { access }, /give the function/);
});

test("a mount is data beside the services, and loads nothing", () => {
  let loaded = 0;
  const lazy = mount("/old/Shop", () => ++loaded, { access: "public", timeout: "2s", limits: { body: "10MiB" } });
  const shop = system("shop", {
    services: [lazy, mount("/", app, { access: "public", name: "rest", prefix: "keep" })],
  });
  assert.deepEqual(
    shop.mounts.map(({ name, prefix, isLazy, keepsPrefix, timeoutMs, bodyBytesMax }) => [
      name,
      prefix,
      isLazy,
      keepsPrefix,
      timeoutMs,
      bodyBytesMax,
    ]),
    [
      ["old-shop", "/old/Shop", true, false, 2_000, 10_485_760],
      ["rest", "", false, true, 10_000, 1_048_576],
    ],
  );
  assert.deepEqual(shop.services, []);
  assert.deepEqual(shop.with({}).mounts, shop.mounts);
  assert.equal(loaded, 0);
});
