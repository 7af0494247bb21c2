/** Shows the progress on a terminal and elsewhere, on a clock of the test's own, and the final report. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createProgress, formatReport, progressLine } from "./report.ts";

function recorded(isTerminal: boolean): {
  written: string[];
  at: (ms: number) => void;
  progress: ReturnType<typeof createProgress>;
} {
  const written: string[] = [];
  let nowMs = 1_000;
  const clock = { monotonic: () => nowMs };
  const progress = createProgress({ isTerminal, write: (text) => written.push(text) }, clock, 1_000_000);
  return { written, at: (ms) => (nowMs = 1_000 + ms), progress };
}

test("bytes, rate and time left are on one line", () => {
  assert.equal(
    progressLine({ bytesRead: 2_500_000, bytesTotal: 10_000_000, rows: 40_000, seconds: 2 }),
    "[######..................] 2.5 of 10.0 MB, 20,000 rows/s, 6 s left",
  );
  assert.match(progressLine({ bytesRead: 0, bytesTotal: 10, rows: 0, seconds: 0 }), /0 rows\/s, \? left$/);
});

test("on a terminal one line is rewritten, ten times a second at most, and cleared at the end", () => {
  const { written, at, progress } = recorded(true);
  for (const ms of [1, 50, 99, 100, 150, 199, 200]) {
    at(ms);
    progress.update({ bytesRead: ms * 1_000, rows: ms });
  }
  assert.equal(written.length, 2);
  for (const text of written) {
    assert.ok(text.startsWith("\r\u{1b}[2K["));
    assert.ok(!text.includes("\n"));
  }
  progress.close();
  progress.close();
  assert.deepEqual(written.slice(2), ["\r\u{1b}[2K"]);
});

test("elsewhere a line is written every 5 seconds, without control characters", () => {
  const { written, at, progress } = recorded(false);
  for (let ms = 0; ms <= 12_000; ms += 500) {
    at(ms);
    progress.update({ bytesRead: ms, rows: ms });
  }
  progress.close();
  assert.equal(written.length, 2);
  for (const text of written) assert.match(text, /^[\x20-\x7e]+\n$/);
});

test("the report names every reason with its count", () => {
  const text = formatReport({
    file: "sales.csv",
    format: "baskets",
    read: 1_200,
    accepted: 1_190,
    rejected: { empty: 9, "too-long": 1 },
    rejectedItems: { "duplicate-item": 77 },
    products: 0,
    codes: 40,
    baskets: 1_190,
    basketsSampled: 2,
    codesWithRelated: 30,
    seconds: 0.5,
    rowsPerSecond: 2_400,
    peakRssMb: 90,
  });
  for (const part of [/read +1,200 rows in 0\.5 s/, /rejected 10\b/, /empty +9/, /too-long +1/, /duplicate-item +77/]) {
    assert.match(text, part);
  }
});
