/**
 * Caller and callee share nothing: neither input nor reply, cached or not. The same cases run on a copy of the sources
 * without the structural copy, to show that they can fail.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { action, command, contract, database, query, service, stream, system, type Schema } from "../index.ts";
import { copyValue } from "../core/index.ts";
import { testSystem } from "../testing/index.ts";
import { modes } from "./fixtures/support.ts";

/** A validator that does not copy, as ArkType's do not. */
const passing: Schema<unknown, unknown> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};
const open = { access: "public" } as const;

/** The value set, as a generator. */
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 8 }),
);
const key = fc.string({ maxLength: 6 }).filter((name) => !["__proto__", "constructor", "prototype"].includes(name));
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const box = anyValue.map((value) => ({ value, list: [value, { deep: new Date(0), bytes: new Uint8Array([1, 2]) }] }));

/** Changes everything in a value that can be changed in place. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Date) {
    value.setTime(value.getTime() === 1 ? 2 : 1);
    return;
  }
  if (value instanceof Uint8Array) {
    value.fill(7);
    return;
  }
  for (const field of Object.values(value)) spoil(field);
  if (Array.isArray(value)) value.push("spoilt");
  else (value as Record<string, unknown>)["spoilt"] = true;
}

const Store = contract("store", {
  mutate: action({ input: passing, output: passing }),
  kept: action({ input: passing, output: passing }),
  cached: query({ input: passing, output: passing }),
  items: query({ input: passing, output: stream(passing) }),
  save: command({ input: passing, output: passing }),
});
const Between = contract("between", { twice: action({ input: passing, output: passing }) });
const held: unknown[] = [];
let saves = 0;
const store = service(Store, {
  has: { db: database<{ rows: { n: number } }>("store", { dialect: "portable", migrations: [] }) },
  policy: { mutate: open, kept: open, cached: { ...open, cache: { ttl: "1h" } }, items: open, save: open },
}).implement({
  mutate(input) {
    spoil(input);
    return null;
  },
  kept(input) {
    held.push(input);
    return input;
  },
  cached: (input) => input,
  async *items(input) {
    yield input;
    spoil(input);
    yield input;
  },
  async save(input, { db }) {
    const reply = await db.transaction(async () => ({ input }));
    held.push(reply);
    return reply;
  },
});
/** Gives its input away twice, and says whether it stayed as it was. */
const between = service(Between, { uses: { store: Store }, policy: { twice: open } }).implement({
  async twice(input, { store }) {
    const before = copyValue(input);
    await store.mutate(input);
    assert.deepEqual(input, before);
    const reply = await store.kept(input);
    spoil(reply);
    assert.deepEqual(input, before);
    for (const one of held) spoil(one);
    assert.deepEqual(input, before);
    return input;
  },
});
const whole = system("s", { services: [store, between] });

for (const { mode, far } of modes) {
  describe(`isolation, ${mode}`, () => {
    it("a handler that changes its input changes nobody else's", async () => {
      await using t = await testSystem(whole, { far });
      await fc.assert(
        fc.asyncProperty(box, async (input) => {
          const before = copyValue(input);
          await t.client(Store).mutate(input);
          assert.deepEqual(input, before);
          assert.deepEqual(await t.client(Between).twice(input), before);
          assert.deepEqual(input, before);
        }),
        { numRuns: 60 },
      );
    });

    it("a reply belongs to the caller alone", async () => {
      await using t = await testSystem(whole, { far });
      await fc.assert(
        fc.asyncProperty(box, async (input) => {
          held.length = 0;
          const before = copyValue(input);
          const reply = await t.client(Store).kept(input);
          assert.deepEqual(reply, before);
          spoil(held[0]);
          assert.deepEqual(reply, before, "the handler kept a reference");
          const [mine, ours] = [await t.client(Store).kept(input), held[1]];
          spoil(mine);
          assert.deepEqual(ours, before, "the caller kept one");
        }),
        { numRuns: 60 },
      );
    });

    it("so does the reply of a command, which its transaction has seen", async () => {
      await using t = await testSystem(whole, { far });
      await fc.assert(
        fc.asyncProperty(box, async (input) => {
          held.length = 0;
          const reply = await t.client(Store).save(input, { key: `k${++saves}` });
          const before = copyValue(reply);
          for (const one of held) spoil(one);
          assert.deepEqual(reply, before);
        }),
        { numRuns: 20 },
      );
    });

    it("every hit of a cache is a copy", async () => {
      await using t = await testSystem(whole, { far });
      await fc.assert(
        fc.asyncProperty(box, async (input) => {
          const before = copyValue(input);
          const together = await Promise.all([t.client(Store).cached(input), t.client(Store).cached(input)]);
          for (const reply of together) {
            assert.deepEqual(reply, before);
            spoil(reply);
          }
          assert.deepEqual(await t.client(Store).cached(input), before);
        }),
        { numRuns: 60 },
      );
    });

    it("items of a stream are copies", async () => {
      await using t = await testSystem(whole, { far });
      await fc.assert(
        fc.asyncProperty(box, async (input) => {
          const before = copyValue(input);
          const got: unknown[] = [];
          for await (const item of t.client(Store).items(input)) {
            got.push(copyValue(item));
            spoil(item);
          }
          assert.deepEqual(got[0], before);
          const after = copyValue(before);
          spoil(after);
          assert.deepEqual(got[1], after);
          assert.deepEqual(input, before);
        }),
        { numRuns: 30 },
      );
    });

    it("a value arrives as what it was", async () => {
      await using t = await testSystem(whole, { far });
      const input = {
        nothing: undefined,
        zero: -0,
        big: 2n ** 70n,
        at: new Date(5),
        bytes: Buffer.from([1]),
        $: { $: "bigint", v: "1" },
        text: "\ud800 \u2028",
      };
      const reply = (await t.client(Store).kept(input)) as Record<string, unknown>;
      assert.deepEqual(reply, {
        zero: -0,
        big: 2n ** 70n,
        at: new Date(5),
        bytes: new Uint8Array([1]),
        $: { $: "bigint", v: "1" },
        text: "\ud800 \u2028",
      });
      assert.ok(Object.is(reply["zero"], -0));
      assert.ok(!("nothing" in reply));
    });
  });
}

/** Set in the broken copies, which must not copy themselves again. */
const isBrokenCopy = process.env["ALIASING_COPY"] === "1";

if (!isBrokenCopy) {
  describe("the tests above", () => {
    const root = resolve(import.meta.dirname, "../..");
    const copies: string[] = [];
    after(() => {
      for (const copy of copies) rmSync(copy, { recursive: true, force: true });
    });

    /** The cases that fail, by mode, on a copy of the sources with some lines changed. */
    function failuresWith(
      ...edits: Array<[file: string, taken: string, instead: string]>
    ): Record<"near" | "far", string[]> {
      const copy = mkdtempSync(join(tmpdir(), "skein-aliasing-"));
      copies.push(copy);
      for (const part of ["src", "package.json"]) cpSync(join(root, part), join(copy, part), { recursive: true });
      symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
      for (const [file, taken, instead] of edits) {
        const path = join(copy, "src", file);
        const source = readFileSync(path, "utf8");
        assert.ok(source.includes(taken), `${file} has no "${taken}" any more`);
        writeFileSync(path, source.replaceAll(taken, instead));
      }
      const { stdout } = spawnSync(
        process.execPath,
        ["--conditions=skein-src", "--test-reporter=tap", "--test", join(copy, "src/host/isolation.test.ts")],
        { encoding: "utf8", cwd: copy, env: { ...process.env, ALIASING_COPY: "1", NODE_TEST_CONTEXT: undefined } },
      );
      const split = stdout.indexOf("# Subtest: isolation, far");
      assert.ok(split > 0, stdout);
      const failed = (text: string) => [...text.matchAll(/^ {4}not ok \d+ - (.+)$/gm)].map((match) => match[1] ?? "");
      return { near: failed(stdout.slice(0, split)), far: failed(stdout.slice(split)) };
    }

    const input = "a handler that changes its input changes nobody else's";
    const reply = "a reply belongs to the caller alone";
    const hits = "every hit of a cache is a copy";

    it("catch a handler that gets its caller's own object", () => {
      const { near, far } = failuresWith(["call/stages/parse.ts", "return copyValue(input);", "return input;"]);
      assert.ok(near.includes(input), near.join());
      assert.deepEqual(far, [], "there the codec is the copy");
    });

    it("catch a caller that gets the handler's own object", () => {
      const { near } = failuresWith(["call/stages/parse.ts", "return take(reply);", "return reply;"]);
      assert.ok(near.includes(reply), near.join());
    });

    it("catch both far away, where the codec is the copy", () => {
      const { far } = failuresWith(
        ["call/stages/parse.ts", "return copyValue(input);", "return input;"],
        ["call/stages/parse.ts", "return take(reply);", "return reply;"],
        ["call/far.ts", "decodeValue(encode(target, input))", "input"],
        [
          "call/far.ts",
          "decodeValue(encodeValue(await there(input, arrived(call))))",
          "await there(input, arrived(call))",
        ],
      );
      assert.ok(far.includes(input), far.join());
      assert.ok(far.includes(reply), far.join());
    });

    it("catch a cache that gives one object twice", () => {
      const { near } = failuresWith(["call/stages/cache.ts", "hit: copyValue(kept.reply)", "hit: kept.reply"]);
      assert.deepEqual(near, [hits]);
    });
  });
}
