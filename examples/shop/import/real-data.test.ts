/**
 * The real Online Retail files, where a machine has them: `SKEIN_TEST_DATA=<folder> node --test <this file>`.
 * Skipped, saying so, when the variable is not set; a file that is missing from a folder that is set is a failure.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { command } from "./test-support.ts";

const folder = process.env["SKEIN_TEST_DATA"];
const skip = folder === undefined || folder === "" ? "SKEIN_TEST_DATA is not set: the real files are not read" : false;
const wellKnown = "85123A,22423,84879";

interface Report {
  read: number;
  accepted: number;
  rejected: Record<string, number>;
  rejectedItems?: Record<string, number>;
  products: number;
  baskets: number;
  rowsPerSecond: number;
  peakRssMb: number;
  related: { sku: string; title?: string; related: { sku: string; title?: string; together: number }[] }[];
}

async function imported(name: string): Promise<Report> {
  const ended = await command(join(folder ?? "", "online-retail", name), "--json", "--related", wellKnown);
  assert.equal(ended.code, 0, ended.stdout);
  return JSON.parse(ended.stdout) as Report;
}

const relatedTo = (report: Report, sku: string): string[] =>
  report.related.find((each) => each.sku === sku)?.related.map((each) => each.sku) ?? [];

test(
  "20,328 rows of Online Retail: counted by reason, under 200 MB, teacups go with the cake stand",
  { skip },
  async (t) => {
    const report = await imported("Online_Retail.sample20k.csv.gz");
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual([report.read, report.accepted], [20_328, 19_267]);
    assert.deepEqual(report.rejected, { cancellation: 636, "non-product-code": 420, "bad-price": 5 });
    assert.equal(report.products, 2_158);
    assert.ok(report.peakRssMb < 200, `${report.peakRssMb} MB`);
    assert.ok(
      relatedTo(report, "22423").some((sku) => ["22699", "22698", "22697"].includes(sku)),
      "Regency teacups",
    );
    assert.ok(relatedTo(report, "85123A").includes("21733"), "the red heart goes with the white heart");
    assert.ok(relatedTo(report, "84879").length === 5);
  },
);

test("25,900 baskets of the whole set: counted by reason, under 200 MB, the same relations", { skip }, async (t) => {
  const report = await imported("baskets.csv.gz");
  t.diagnostic(JSON.stringify(report));
  assert.deepEqual([report.read, report.accepted], [25_900, 25_284]);
  assert.deepEqual(report.rejected, { empty: 616 });
  assert.deepEqual(report.rejectedItems, { "non-product-code": 2_995, "duplicate-item": 10_573 });
  assert.ok(report.peakRssMb < 200, `${report.peakRssMb} MB`);
  assert.deepEqual(relatedTo(report, "22423").slice(0, 3), ["22699", "22697", "22698"]);
  assert.equal(relatedTo(report, "85123A")[0], "21733");
  assert.equal(relatedTo(report, "84879")[0], "21136");
});
