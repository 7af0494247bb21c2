/** Who may call what: every access against every caller, near and far. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { action, contract, query, role, service, stream, system, type Access } from "../index.ts";
import { testSystem } from "../testing/index.ts";
import { codeOf, drainItems, failureOf, modes } from "./fixtures/support.ts";

const Guarded = contract("guarded", {
  public: query({ output: z.string() }),
  internal: query({ output: z.string() }),
  role: query({ output: z.string() }),
  guarded: query({ input: z.object({ owner: z.string() }), output: z.string() }),
  none: query({ output: z.string() }),
  items: query({ output: stream(z.string()) }),
});
const Caller = contract("caller", { call: action({ input: z.string(), output: z.string() }) });
let ran = 0;
const handler = () => {
  ran++;
  return "ok";
};
const guarded = service(Guarded, {
  policy: {
    public: { access: "public" },
    internal: { access: "internal" },
    role: { access: role("admin") },
    guarded: { access: "guarded" },
    items: { access: role("admin") },
  },
}).implement(
  {
    public: handler,
    internal: handler,
    role: handler,
    guarded: handler,
    none: handler,
    async *items() {
      yield handler();
    },
  },
  { guards: { guarded: ({ owner }, _own, call) => owner === call.principal?.subject } },
);
const caller = service(Caller, { uses: { guarded: Guarded }, policy: { call: { access: "public" } } }).implement({
  call: (name, { guarded }) =>
    name === "guarded" ? guarded.guarded({ owner: "ada" }) : guarded[name as "public" | "internal" | "role" | "none"](),
});

const nobody = undefined;
const wrong = { subject: "eve", roles: ["user"] };
const right = { subject: "ada", roles: ["user", "admin"] };
const [ok, denied, unknown] = ["ok", "SKEIN_ACCESS_DENIED", "SKEIN_ACCESS_UNAUTHENTICATED"];

/** Outcome by principal (nobody, the wrong one, the right one); the same for trusted code, a service and the gateway, but for `internal`. */
const table: Array<[access: "public" | "internal" | "role" | "guarded" | "none", inside: string[], gateway: string[]]> =
  [
    ["public", [ok, ok, ok], [ok, ok, ok]],
    ["internal", [ok, ok, ok], [denied, denied, denied]],
    ["role", [unknown, denied, ok], [unknown, denied, ok]],
    ["guarded", [denied, denied, ok], [denied, denied, ok]],
    ["none", [denied, denied, denied], [denied, denied, denied]],
  ];

for (const { mode, far } of modes) {
  describe(`access, ${mode}`, () => {
    for (const [access, inside, gateway] of table) {
      it(`${access}: refused callers never reach the handler`, async () => {
        await using t = await testSystem(system("s", { services: [guarded, caller] }), { far });
        for (const [i, principal] of [nobody, wrong, right].entries()) {
          const who = principal?.subject ?? "nobody";
          const input = access === "guarded" ? { owner: "ada" } : undefined;
          const before = ran;
          const trusted = t.as(principal).client(Guarded) as unknown as Record<
            string,
            (input: unknown) => Promise<unknown>
          >;
          assert.equal(await codeOf(trusted[access]?.(input)), inside[i], `${who}, trusted code`);
          const fromService = await codeOf(t.as(principal).client(Caller).call(access));
          // What a service may not call is the service's failure, not that of whoever called the service.
          assert.equal(fromService, inside[i] === ok ? ok : "SKEIN_CALL_FAILED", `${who}, a service`);
          const options = { principal, fromOutside: true };
          assert.equal(await codeOf(t.host.call("guarded", access, input, options)), gateway[i], `${who}, the gateway`);
          const expected = [inside[i], inside[i], gateway[i]].filter((code) => code === ok).length;
          assert.equal(ran - before, expected, `${who}: handler runs`);
        }
      });
    }

    it("a method without an access is refused, and says so", async () => {
      await using t = await testSystem(system("s", { services: [guarded] }), { far });
      const error = await failureOf(t.as(right).client(Guarded).none());
      assert.equal(error.message, "guarded.none declares no access, so nobody may call it");
      assert.equal(error.outcome, "not_started");
    });

    it("a stream is refused at its first item, and reading is not needed to stay alive", async () => {
      await using t = await testSystem(system("s", { services: [guarded] }), { far });
      assert.deepEqual(await drainItems(t.as(wrong).client(Guarded).items()), { items: [], code: denied });
      assert.deepEqual(await drainItems(t.as(right).client(Guarded).items()), { items: ["ok"], code: "ok" });
      t.as(nobody).client(Guarded).items();
    });

    it("a principal without usable roles has none", async () => {
      await using t = await testSystem(system("s", { services: [guarded] }), { far });
      for (const principal of [
        { subject: "x" },
        { subject: "x", roles: "admin" },
        { subject: "x", roles: null },
        "admin",
        7,
      ]) {
        assert.equal(
          await codeOf(
            t
              .as(principal as never)
              .client(Guarded)
              .role(),
          ),
          denied,
        );
      }
    });

    it("a guard lets in by true alone, sees own as a query does, and its failure is no yes", async () => {
      const Truthy = contract("truthy", {
        call: action({ input: z.string(), output: z.string() }),
        act: action({ output: z.string() }),
      });
      const truthy = service(Truthy, {
        uses: { caller: Caller },
        policy: { call: { access: "guarded" }, act: { access: "public" } },
      }).implement(
        { call: handler, act: handler },
        {
          guards: {
            call: async (input, { caller }) => {
              if (input === "throw") throw new Error("guard broke");
              if (input === "act") await (caller.call as unknown as (input: string) => Promise<string>)("public");
              return JSON.parse(input) as never;
            },
          },
        },
      );
      await using t = await testSystem(system("s", { services: [truthy, caller, guarded] }), { far });
      const client = t.as(right).client(Truthy);
      assert.equal(await codeOf(client.call("true")), "ok");
      for (const answer of ["1", '"yes"', "{}", "null", "false"])
        assert.equal(await codeOf(client.call(answer)), denied, answer);
      assert.equal(await codeOf(client.call("throw")), "SKEIN_CALL_FAILED");
      assert.equal(await codeOf(client.call("act")), "SKEIN_CALL_KIND");
    });

    it("nobody can change who a call is for", async () => {
      const Escalate = contract("escalate", { run: action({ output: z.string() }) });
      const escalate = service(Escalate, {
        uses: { guarded: Guarded },
        policy: { run: { access: "public" } },
      }).implement({
        run: (_, { guarded }, call) => {
          const roles = (call.principal?.roles ?? []) as string[];
          assert.throws(() => roles.push("admin"), TypeError);
          assert.throws(() => Object.assign(call.principal ?? {}, { roles: ["admin"] }), TypeError);
          return guarded.role();
        },
      });
      await using t = await testSystem(system("s", { services: [escalate, guarded] }), { far });
      const mine = { subject: "eve", roles: ["user"] };
      assert.equal(await codeOf(t.as(mine).client(Escalate).run()), "SKEIN_CALL_FAILED");
      mine.roles.push("admin");
      assert.equal(await codeOf(t.as(mine).client(Escalate).run()), "ok", "each call reads its principal anew");
    });

    it("own has exactly the declared names", async () => {
      const Names = contract("names", { list: query({ output: z.array(z.string()) }) });
      const names = service(Names, {
        uses: { g: Guarded.pick("public"), c: Caller },
        policy: { list: { access: "public" } },
      }).implement({
        list: async (_, own) => {
          const found: string[] = [];
          for (const name in own) found.push(name);
          // What plain JavaScript would call past the types.
          const { internal } = own.g as unknown as { internal(): Promise<unknown> };
          assert.equal(await codeOf(internal()), "SKEIN_CALL_UNDECLARED");
          assert.deepEqual(Object.keys(own.g), ["public"]);
          assert.ok(Object.isFrozen(own.g));
          assert.equal(own.g, own.g, "made once");
          return found.sort();
        },
      });
      await using t = await testSystem(system("s", { services: [names, guarded, caller] }), { far });
      assert.deepEqual(await t.client(Names).list(), ["c", "g"]);
    });
  });
}

it("an access is one of five, so the table above is whole", () => {
  const all: Access[] = ["public", "internal", "guarded", role("x")];
  assert.equal(all.length + 1, table.length);
});
