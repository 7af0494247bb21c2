/** The frame fuzzer in short, and that it would find something; `npm run fuzz -- frames` is the long one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Codec } from "../../src/transport/codec/codec.ts";
import { frame } from "../../src/transport/frames.ts";
import { Targets } from "./case.ts";
import { readCorpus } from "./corpus.ts";
import { runSlice, watchStray } from "./worker.ts";

const corpus = await readCorpus();
const targets = new Targets(corpus);

test("the corpus has every type of frame", () => {
  const types = new Set(corpus.flatMap(({ frames }) => frames.map((one) => one[4])));
  assert.deepEqual(
    Object.values(frame).filter((type) => !types.has(type)),
    [],
  );
  assert.ok(corpus.length >= 80);
});

test(
  "changed frames are refused with a typed error, or give what their layout allows",
  { timeout: 100_000 },
  async (t) => {
    watchStray();
    Error.stackTraceLimit = 0;
    const sum = await runSlice(targets, { seed: 7, from: 0, count: 12_800 });
    t.diagnostic(JSON.stringify(sum));
    assert.deepEqual(sum.violations, [], "npm run fuzz -- frames --seed 7 --only <index>");
    assert.ok(sum.frames > 15_000);
    // Both modes, and frames that get past the first look.
    for (const outcome of ["left refused", "mended refused", "mended answered", "mended quiet"])
      assert.ok((sum.outcomes[outcome] ?? 0) > 100, outcome);
  },
);

for (const [name, read, what] of [
  ["throws what is no error of the wire", () => assert.fail("a bug"), /threw AssertionError/],
  ["gives what is no value", () => ({ a: new Map() }), /outside the value set: found Map/],
  ["changes Object.prototype", () => Object.assign(Object.prototype, { planted: 1 }), /a prototype changed/],
] as const) {
  test(`a decoder that ${name} is found`, async () => {
    const planted = corpus
      .filter(({ name: of, victim }) => of === "order" && victim === "callee")
      .map((one) => ({ ...one, operation: { ...one.operation, input: new Planted(one.operation.input, read) } }));
    try {
      const { violations } = await runSlice(new Targets(planted), { seed: 1, from: 0, count: 256 });
      assert.match(violations[0]?.what ?? "nothing was found", what);
    } finally {
      delete (Object.prototype as { planted?: unknown }).planted;
    }
  });
}

/** Reads as it is told, whatever the bytes say. */
class Planted extends Codec {
  readonly #read: () => unknown;
  constructor({ layout }: Codec, read: () => unknown) {
    super(layout);
    this.#read = read;
  }
  override read(): unknown {
    return this.#read();
  }
}
