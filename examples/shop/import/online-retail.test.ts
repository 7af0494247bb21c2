/** Shows each reason for which a row is rejected, each form that is read, and recovery from broken CSV. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { ImportError } from "./errors.ts";
import { readOnlineRetail, retailReasons } from "./online-retail.ts";
import type { RetailLine, RetailRow } from "./online-retail.ts";
import { unpacked } from "./source.ts";
import { all, chunked, header, row } from "./test-support.ts";

const read = (content: string | Uint8Array, size?: number): Promise<RetailRow[]> =>
  all(readOnlineRetail(unpacked(chunked(content, size))));
const csv = (...rows: string[]): string => `${[header, ...rows].join("\n")}\n`;
const outcomes = async (...rows: string[]): Promise<string[]> =>
  (await read(csv(...rows))).map((each) => (each.kind === "line" ? each.sku : each.reason));

test("a row is read in full", async () => {
  assert.deepEqual(await read(csv(row())), [
    {
      kind: "line",
      line: 2,
      invoice: "536365",
      sku: "85123A",
      title: "HEART HOLDER",
      quantity: 6,
      priceMinor: 255,
      currency: "GBP",
      at: new Date("2010-12-01T08:26:00Z"),
      customer: "17850",
      country: "United Kingdom",
    },
  ]);
});

test("columns are found by name: any order, an unnamed index, unknown ones, BOM, CRLF, quotes", async () => {
  const [line] = (await read(
    '\u{feff},"Country",UnitPrice,InvoiceDate,Extra,Quantity,Description,StockCode,invoiceno\r\n' +
      '7,"France, South",1.5,2011-01-12T12:43:00+01:00,x,2.0,"SIGN, ""BIG""\r\nONE",22423 ,536366\r\n',
  )) as RetailLine[];
  assert.equal(line?.title, 'SIGN, "BIG" ONE');
  assert.equal(line?.country, "France, South");
  assert.deepEqual([line?.sku, line?.quantity, line?.priceMinor], ["22423", 2, 150]);
  assert.equal(line?.at.toISOString(), "2011-01-12T11:43:00.000Z");
  assert.equal(line !== undefined && "customer" in line, false);
});

const cases: readonly (readonly [reason: string, text: string])[] = [
  ["cancellation", row({ invoice: "C536379", quantity: "-1" })],
  ["missing-invoice", row({ invoice: " " })],
  ["missing-code", row({ code: "" })],
  ...["POST", "D", "M", "m", "DOT", "C2", "CRUK", "PADS", "BANK CHARGES", "AMAZONFEE", "S", "B"].map(
    (code) => ["non-product-code", row({ code })] as const,
  ),
  ...["gift_0001_20", "TEST001", "DCGSSGIRL", "1234", "123456", "22423ABC"].map(
    (code) => ["non-product-code", row({ code })] as const,
  ),
  ...["0", "-3", "1.5", "", "many", "1e3", "1000001", "Infinity"].map(
    (quantity) => ["bad-quantity", row({ quantity })] as const,
  ),
  ...["0", "0.0", "0.004", "-1", "", "free", "1e2", "99999999"].map((price) => ["bad-price", row({ price })] as const),
  ...["", "13/1/2010 8:26", "2/30/2011 8:00", "12/1/2010 24:01", "2011-02-29", "yesterday", "1/1/11 8:00"].map(
    (date) => ["bad-date", row({ date })] as const,
  ),
  ["wrong-columns", "536365,85123A,too few"],
  ["wrong-columns", `${row()},too many`],
  ["wrong-columns", ""],
  ["malformed-csv", row({ title: 'half "quoted"' })],
  ["malformed-csv", row({ title: '"never closed' })],
  ["malformed-csv", row({ title: '"closed"twice"' })],
  ["malformed-csv", row({ title: "NUL \0 byte" })],
  ["too-long", row({ title: "x".repeat(2_000) })],
  ["too-long", row({ title: "x".repeat(70_000) })],
];

for (const [reason, text] of cases) {
  test(`${reason}: ${JSON.stringify(text.slice(0, 70))}; the rows around it are read`, async () => {
    assert.deepEqual(await outcomes(row({ code: "11111" }), text, row({ code: "22222" })), ["11111", reason, "22222"]);
  });
}

test("the list of reasons is closed and each one has a case above", () => {
  assert.deepEqual(new Set(cases.map(([reason]) => reason)), new Set(retailReasons));
});

test("prices are rounded half up in decimal, not in binary", async () => {
  const prices = ["2.1", "1.005", "0.005", "4.25", "18", "0.01", "1.994"];
  const rows = (await read(csv(...prices.map((price) => row({ price }))))) as RetailLine[];
  assert.deepEqual(
    rows.map((each) => each.priceMinor),
    [210, 101, 1, 425, 1_800, 1, 199],
  );
});

test("a product without a title is a line, codes are compared in capitals", async () => {
  const [line] = (await read(csv(row({ title: "  ", code: " 85123a" })))) as RetailLine[];
  assert.equal(line?.sku, "85123A");
  assert.equal(line !== undefined && "title" in line, false);
});

test("Latin-1 rows keep their pound sign", async () => {
  const [line] = (await read(Buffer.from(csv(row({ title: "£5 NOTE" })), "latin1"))) as RetailLine[];
  assert.equal(line?.title, "£5 NOTE");
});

test("a stray quote costs its own line, whatever follows", async () => {
  const stray = row({ title: '"never closed' });
  const good = Array.from({ length: 50 }, (_, i) => row({ code: String(10_000 + i) }));
  const found = await outcomes(stray, ...good, stray, stray, ...good, stray);
  assert.equal(found.filter((each) => each === "malformed-csv").length, 4);
  assert.equal(found.filter((each) => each.startsWith("1")).length, 100);
});

test("a 10 MB line is one too-long row, and the next one has its line number", async () => {
  const rows = await read(csv(row(), `536365,85123A,${"x".repeat(10_000_000)}`, row()));
  assert.deepEqual(
    rows.map((each) => [each.line, each.kind === "line" ? "line" : each.reason]),
    [
      [2, "line"],
      [3, "too-long"],
      [4, "line"],
    ],
  );
});

test("property: however the bytes are cut and packed, the rows are the same", async () => {
  const content = csv(row(), row({ title: '"A, ""é""\r\nB"' }), row({ title: '"open' }), row({ code: "22423" }));
  const expected = await read(content);
  assert.equal(expected.length, 4);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.boolean(), async (size, isPacked) => {
      assert.deepEqual(await read(isPacked ? gzipSync(content) : content, size), expected);
    }),
  );
});

test("property: any bytes after the header are counted, never fatal, and no row is lost or made up", async () => {
  const piece = fc.constantFrom('"', ",", "\n", "\r\n", "\0", row(), "85123A", "é", "\u{feff}", '""');
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
      const rows = await read(`${header}\n${pieces.join("")}`);
      const lines = rows.map((each) => each.line);
      assert.deepEqual(
        lines,
        [...new Set(lines)].toSorted((a, b) => a - b),
      );
      for (const each of rows) if (each.kind === "rejected") assert.ok(retailReasons.includes(each.reason));
    }),
  );
});

test("property: fields that are written as RFC 4180 says come back, and no row after them is lost", async () => {
  const title = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", " ", "é"), maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(title, { minLength: 1, maxLength: 8 }), async (titles) => {
      const rows = await read(csv(...titles.map((each) => row({ title: `"${each.replaceAll('"', '""')}"` }))));
      assert.deepEqual(
        rows.map((each) => (each.kind === "line" ? (each.title ?? "") : each.reason)),
        titles.map((each) => each.replace(/\s+/g, " ").trim()),
      );
    }),
  );
});

const wrongHeaders = ["a,b,c\n1,2,3\n", header.replace("StockCode", "Code"), `${header},Quantity\n`, `"${header}\n`];
for (const content of [...wrongHeaders, "\0\0\0\n", `${"x".repeat(100_000)}\n`]) {
  test(`a wrong header stops the import: ${JSON.stringify(content.slice(0, 40))}`, async () => {
    await assert.rejects(read(content), (error) => error instanceof ImportError && error.code === "wrong-header");
  });
}

test("nothing at all is an empty file", async () => {
  await assert.rejects(read(""), (error) => error instanceof ImportError && error.code === "empty-file");
});
