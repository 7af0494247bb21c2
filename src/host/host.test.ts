/** Tests of a host's own life: open, ready, start hooks, close; spans of nested calls. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { action, contract, createHost, query, resource, service, system } from "../index.ts";
import { createVirtualClock } from "../core/index.ts";
import { createOwned } from "../system/index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, hang, modes } from "./fixtures/support.ts";

const open = { access: "public" } as const;
const A = contract("a", { get: query() });
const options = { inMemory: true, mode: "test" } as const;

function tracked(name: string, happened: string[], fails?: "open" | "ready") {
  return resource({
    open() {
      happened.push(`open ${name}`);
      if (fails === "open") throw new Error("no disk");
      return name;
    },
    ready() {
      if (fails === "ready") throw new Error("not yet");
    },
    close: () => void happened.push(`close ${name}`),
  });
}
const served = (has: Parameters<typeof service>[1] & object, hooks = {}) =>
  service(A, { ...has, policy: { get: open } } as never).implement({ get: () => undefined } as never, hooks as never);

describe("a host", () => {
  it("opens in order, closes in reverse, once", async () => {
    const happened: string[] = [];
    const has = { one: tracked("one", happened), two: tracked("two", happened) };
    const host = await createHost(system("s", { services: [served({ has })] }), options);
    await Promise.all([host.close(), host.close()]);
    assert.deepEqual(happened, ["open one", "open two", "close two", "close one"]);
  });

  for (const fails of ["open", "ready"] as const) {
    it(`closes what it had opened when something does not ${fails}`, async () => {
      const happened: string[] = [];
      const has = { one: tracked("one", happened), two: tracked("two", happened, fails) };
      await assert.rejects(createHost(system("s", { services: [served({ has })] }), options), (error: Error) => {
        assert.match(error.message, fails === "open" ? /of a could not be opened/ : /not yet/);
        return true;
      });
      assert.deepEqual(happened.at(-1), "close one");
    });
  }

  it("is not ready before the hooks say so", async () => {
    let ready = false;
    const hooks = {
      ready() {
        if (!ready) throw new Error("warming up");
      },
    };
    await assert.rejects(createHost(system("s", { services: [served({}, hooks)] }), options), {
      code: "SKEIN_CALL_FAILED",
    });
    ready = true;
    await using host = await createHost(system("s", { services: [served({}, hooks)] }), options);
    ready = false;
    assert.equal(await codeOf(host.ready()), "SKEIN_CALL_FAILED");
  });

  it("says whose ready hook it was that took too long", async () => {
    const clock = createVirtualClock();
    const hooks = { ready: () => new Promise(() => undefined) };
    const host = createHost(system("s", { services: [served({}, hooks)] }), { ...options, clock });
    const rejected = assert.rejects(host, /^SkeinError: the ready hook of a: The call's deadline passed/);
    await clock.advance("10s");
    await rejected;
  });

  it("runs start hooks in the background, and tells them when it closes", async () => {
    const clock = createVirtualClock();
    const happened: string[] = [];
    const hooks = {
      async start(_own: unknown, call: { signal: AbortSignal; principal: unknown }) {
        happened.push(`started ${String(call.principal)}`);
        call.signal.addEventListener("abort", () => happened.push("aborted"));
        await hang();
      },
    };
    const host = await createHost(system("s", { services: [served({}, hooks)] }), { ...options, clock });
    await clock.advance(1);
    assert.equal(await codeOf(host.client(A).get()), "ok");
    await host.close();
    assert.deepEqual(happened, ["started undefined", "aborted"]);
  });

  it("logs a start hook that fails, and serves", async () => {
    const lines: string[] = [];
    const log = { debug() {}, info() {}, warn() {}, error: (message: string) => void lines.push(message) };
    const hooks = { start: () => Promise.reject(new Error("no")) };
    const clock = createVirtualClock();
    await using host = await createHost(system("s", { services: [served({}, hooks)] }), { ...options, log, clock });
    await clock.advance(1);
    assert.ok(lines.includes("the start hook of a failed"), lines.join());
    assert.equal(await codeOf(host.client(A).get()), "ok");
  });

  it("shares a thing between services and closes it with the last", async () => {
    const happened: string[] = [];
    const shared = () =>
      createOwned("resource", "shared", async (context) => {
        const thing = await context.shared("thing", async () => {
          happened.push("open");
          return { close: async () => void happened.push("close") };
        });
        return { bind: () => thing, close: () => thing.close() };
      });
    const B = contract("b", { get: query() });
    const b = service(B, { has: { shared: shared() } }).implement({ get: () => undefined });
    const host = await createHost(system("s", { services: [served({ has: { shared: shared() } }), b] }), options);
    assert.deepEqual(happened, ["open"]);
    await host.close();
    assert.deepEqual(happened, ["open", "close"]);
  });
});

for (const { mode, far } of modes) {
  describe(`observation, ${mode}`, () => {
    it("every call leaves a span under its caller's, and a histogram per endpoint", async () => {
      const Leaf = contract("leaf", { get: query({}) });
      const Top = contract("top", { go: action() });
      const leaf = service(Leaf, { policy: { get: open } }).implement({ get: () => undefined });
      const top = service(Top, { uses: { leaf: Leaf }, policy: { go: open } }).implement({
        async go(_, { leaf }) {
          await Promise.all([leaf.get(), leaf.get()]);
          await leaf.get({ wrong: true } as never);
        },
      });
      await using t = await testSystem(system("s", { services: [leaf, top] }), { far });
      await codeOf(t.host.call("top", "go", undefined, { traceId: "a".repeat(32) }));
      const [one, two, three, root] = t.spans;
      assert.deepEqual(
        [root?.method, root?.parentId, root?.caller, root?.code],
        ["go", 0, undefined, "SKEIN_CALL_FAILED"],
      );
      for (const nested of [one, two, three]) {
        assert.deepEqual(
          [nested?.method, nested?.parentId, nested?.caller, nested?.traceId],
          ["get", root?.id, "top", "a".repeat(32)],
        );
      }
      assert.deepEqual(
        t.host.recorder.endpoints().map(({ endpoint, count, outcomes }) => ({ endpoint, count, outcomes })),
        [
          { endpoint: "leaf.get", count: 3, outcomes: { ok: 2, SKEIN_INPUT_INVALID: 1 } },
          { endpoint: "top.go", count: 1, outcomes: { SKEIN_CALL_FAILED: 1 } },
        ],
      );
    });
  });
}
