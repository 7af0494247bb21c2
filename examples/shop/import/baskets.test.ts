/** Shows what a basket line yields, and each reason for which a line or a code is left out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { basketReasons, readBaskets } from "./baskets.ts";
import type { BasketRow } from "./baskets.ts";
import { unpacked } from "./source.ts";
import { all, chunked } from "./test-support.ts";

const read = (content: string | Uint8Array): Promise<BasketRow[]> => all(readBaskets(unpacked(chunked(content, 7))));

test("lines, items and reasons, plain and gzip alike", async () => {
  const content = `85123a, 22423\r\n\nPOST,KIT-0101,KIT-0101\nPOST,M\n${"1".repeat(65_537)}\n84879`;
  const expected: BasketRow[] = [
    { kind: "basket", line: 1, items: ["85123A", "22423"] },
    { kind: "rejected", line: 2, reason: "empty" },
    { kind: "rejected", line: 3, reason: "non-product-code", item: "POST" },
    { kind: "rejected", line: 3, reason: "duplicate-item", item: "KIT-0101" },
    { kind: "basket", line: 3, items: ["KIT-0101"] },
    { kind: "rejected", line: 4, reason: "non-product-code", item: "POST" },
    { kind: "rejected", line: 4, reason: "non-product-code", item: "M" },
    { kind: "rejected", line: 4, reason: "empty" },
    { kind: "rejected", line: 5, reason: "too-long" },
    { kind: "basket", line: 6, items: ["84879"] },
  ];
  assert.deepEqual(await read(content), expected);
  assert.deepEqual(await read(gzipSync(content)), expected);
  const met = expected.flatMap((row) => (row.kind === "rejected" ? [row.reason] : []));
  assert.deepEqual(new Set(met), new Set(basketReasons));
});

test("a line of exactly 64 KiB is read, with one byte more it is too long", async () => {
  const line = (length: number): string => "85123A,".repeat(10_000).slice(0, length);
  const [last] = (await read(line(65_536))).slice(-1);
  assert.equal(last?.kind, "basket");
  assert.deepEqual(await read(line(65_537)), [{ kind: "rejected", line: 1, reason: "too-long" }]);
});
