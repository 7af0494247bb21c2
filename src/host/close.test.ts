/** A host's end, and what stays out of reach: whatever fails to close, everything else is closed; hooks are not methods. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { contract, createHost, query, resource, service, system } from "../index.ts";
import type { Log } from "../system/index.ts";
import { failureOf } from "./fixtures/support.ts";

const open = { access: "public" } as const;
const A = contract("a", { get: query({ output: z.int() }) });
const B = contract("b", { get: query({ output: z.int() }), broken: query({ output: z.int() }) });

function make(options: { readonly failsToOpen?: boolean } = {}) {
  const closed: string[] = [];
  let started = 0;
  const thing = (name: string, fails: boolean) =>
    resource({
      open() {
        if (name === "b3" && options.failsToOpen === true) throw new Error("b3 does not open");
        return name;
      },
      close() {
        closed.push(name);
        if (fails) throw new Error(`${name} does not close`);
      },
    });
  const a = service(A, { has: { one: thing("a1", false) }, policy: { get: open } }).implement(
    { get: () => 1 },
    { start: () => void started++ },
  );
  const b = service(B, {
    has: { one: thing("b1", false), two: thing("b2", true), three: thing("b3", false) },
    policy: { get: open, broken: open },
  }).implement({ get: () => 1, broken: () => Promise.reject(new Error("no")) });
  return { system: system("s", { services: [a, b] }), closed, started: () => started };
}
const settings = { mode: "test", inMemory: true, env: {} } as const;

describe("the end of a host", () => {
  it("closes everything, in reverse, and then says what did not close", async () => {
    const { system: whole, closed } = make();
    const host = await createHost(whole, settings);
    await assert.rejects(host.close(), /b2 does not close/);
    assert.deepEqual(closed, ["b3", "b2", "b1", "a1"]);
  });

  it("a start that fails says why it failed, not what failed to close after it", async () => {
    const { system: whole, closed } = make({ failsToOpen: true });
    const error = await failureOf(createHost(whole, settings));
    assert.equal(error.code, "SKEIN_RESOURCE_FAILED");
    assert.deepEqual(closed, ["b2", "b1", "a1"]);
  });

  it("a log that throws costs a line, not the call or the process", async () => {
    const { system: whole } = make();
    const fail = () => {
      throw new Error("the disk is full");
    };
    const log: Log = { debug: fail, info: fail, warn: fail, error: fail };
    const host = await createHost(whole, { ...settings, log });
    assert.equal((await failureOf(host.client(B).broken())).code, "SKEIN_CALL_FAILED");
    await host.close().catch(() => undefined);
  });

  it("hooks cannot be called, by anybody", async () => {
    const { system: whole, started } = make();
    const host = await createHost(whole, settings);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(started(), 1);
    for (const name of ["$start", "$ready", "__proto__", "constructor"]) {
      for (const options of [{}, { fromOutside: true }, { caller: "b" }]) {
        assert.equal((await failureOf(host.call("a", name, undefined, options))).code, "SKEIN_CALL_NO_ROUTE");
      }
    }
    assert.equal(started(), 1);
    await host.close().catch(() => undefined);
  });
});
