/** The parts of the gateway that need no socket, by property: targets and the JSON scanner. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { copyValue } from "../core/index.ts";
import { isSkeinError } from "../errors/index.ts";
import { parseJson as parse } from "../contract/shapes.ts";
import { jsonLimits } from "./body.ts";
import { decodeSegment, encodeSegment, readQuery, readTarget } from "./target.ts";

const segment = fc
  .string({ unit: "grapheme", minLength: 1 })
  .filter((text) => text.isWellFormed() && !/[/\\\0]/.test(text) && text !== "." && text !== "..");

const parseJson = (bytes: Uint8Array): unknown => parse(bytes, jsonLimits);

test("any text in a segment comes back, however much of it was encoded", () => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1 }), (texts) => {
      for (const encode of [encodeURIComponent, encodeSegment, everything]) {
        const { path } = readTarget(`/${texts.map(encode).join("/")}`);
        assert.deepEqual(path.slice(1).split("/").map(decodeSegment), texts);
      }
    }),
  );
});

test("two spellings of one path are one path", () => {
  fc.assert(
    fc.property(segment, (text) =>
      assert.equal(readTarget(`/${encodeURIComponent(text)}`).path, readTarget(`/${everything(text)}`).path),
    ),
  );
});

test("a query reads as URLSearchParams writes it", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed() && !value.includes("\0"));
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          text.filter((name) => name !== ""),
          text,
        ),
        { maxLength: 20 },
      ),
      (pairs) => {
        fc.pre(!pairs.some(([name]) => ["__proto__", "constructor", "prototype"].includes(name)));
        const read = readQuery(new URLSearchParams(pairs).toString());
        for (const [name] of pairs)
          assert.deepEqual(
            read.get(name),
            pairs.filter(([other]) => other === name).map(([, value]) => value),
          );
      },
    ),
  );
});

test("any target is read or refused with a code, never thrown at", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        const { query } = readTarget(`/${text}`);
        readQuery(query);
      } catch (error) {
        assert.ok(isSkeinError(error) && error.code === "SKEIN_HTTP_BAD_REQUEST", String(error));
      }
    }),
  );
});

const refused = /"(__proto__|constructor|prototype)"\s*:/;

test("JSON within the limits reads as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 20 }), fc.constantFrom(0, 1, "\t"), (text, space) => {
      fc.pre(!refused.test(text));
      const spaced = JSON.stringify(JSON.parse(text), undefined, space);
      assert.deepEqual(parseJson(Buffer.from(spaced)), JSON.parse(spaced));
    }),
  );
});

test("any bytes are read or refused with a code, and what JSON.parse refuses is refused", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.string({ unit: fc.constantFrom(...'{}[]":,\\ a1tn') }).map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(
    fc.property(bytes, (raw) => {
      const buffer = Buffer.from(raw);
      let parsed: unknown;
      try {
        parsed = parseJson(buffer);
      } catch (error) {
        assert.ok(isSkeinError(error) && error.code === "SKEIN_HTTP_BODY_INVALID", String(error));
        return;
      }
      assert.deepEqual(parsed, JSON.parse(buffer.toString("utf8")));
    }),
    { numRuns: 2_000 },
  );
});

const digits = (most: number) => fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: most });
const numberText = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(
      fc.constant("0"),
      digits(400).map((text) => `1${text}`),
    ),
    fc.option(digits(400), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom("e", "E", "e+", "E-", "e-"), fc.integer({ min: 0, max: 700 })), {
      nil: undefined,
    }),
  )
  .map(([sign, whole, part, exponent]) =>
    [sign, whole, part === undefined ? "" : `.${part}`, exponent === undefined ? "" : exponent.join("")].join(""),
  );

test("property: what is read is in the value set, and a number too large for a double is refused", () => {
  const around = fc.constantFrom(
    "#",
    "[#]",
    '{"a":#}',
    '[true,false,#,"e9"]',
    ' [ "1e999" , # ] ',
    '{"e":{"E1":[#,1]}}',
  );
  fc.assert(
    fc.property(numberText, around, fc.constantFrom("", " ", "\n"), (number, where, space) => {
      const text = where.replace("#", `${space}${number}${space}`);
      const body = Buffer.from(text);
      if (!Number.isFinite(Number(number))) return assert.throws(() => parseJson(body), /too large/);
      assert.deepEqual(copyValue(parseJson(body)), JSON.parse(text));
    }),
    { numRuns: 2_000 },
  );
});

test("the caps are exact", () => {
  const nested = (depth: number) => Buffer.from("[".repeat(depth) + "]".repeat(depth));
  const keys = (count: number) =>
    Buffer.from(`{${Array.from({ length: count }, (_, i) => `"k${i}" : ${i}`).join(",")}}`);
  parseJson(nested(64));
  parseJson(keys(10_000));
  assert.throws(() => parseJson(nested(65)), /64 levels/);
  assert.throws(() => parseJson(keys(10_001)), /10000 keys/);
});

test("a body at the limit of bytes is scanned in less than 20 ms", () => {
  const deep = Buffer.alloc(1_048_576, "[");
  const quotes = Buffer.from(`["${'\\"'.repeat(524_000)}"]`);
  for (const body of [deep, quotes]) {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      try {
        parseJson(body);
      } catch {
        // Refused is fine; how long it took is the question.
      }
      return performance.now() - started;
    });
    assert.ok(Math.min(...times) < 20, `${Math.min(...times)} ms`);
  }
});

function everything(text: string): string {
  return [...Buffer.from(text, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
