/** The frame fuzzer in short, and that it would find something; `npm run fuzz -- frames` is the long one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Codec } from "../../src/transport/codec/codec.ts";
import type { Reader } from "../../src/transport/codec/reader.ts";
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
  "changed frames are refused with a typed error, or give values of the value set that are nobody else's",
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
  ["gives more levels than a value may have", () => nested(66), /more than 64 levels/],
  ["gives what a copy would drop", () => ({ a: undefined }), /not what a copy of it is/],
  [
    "gives the frame's own bytes",
    (from: Reader) => new Uint8Array(from.bytes.buffer, 0, 1),
    /memory that is not its own/,
  ],
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
  readonly #read: (from: Reader) => unknown;
  constructor({ layout }: Codec, read: (from: Reader) => unknown) {
    super(layout);
    this.#read = read;
  }
  override read(from: Reader): unknown {
    return this.#read(from);
  }
}

function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)];
}
