/**
 * The shop's importer on the real Online Retail files: rows a second into SQLite and counted only, peak memory, wall time of
 * the whole command. usage: SKEIN_TEST_DATA=<folder> node bench/shop-import.ts [--json] [rounds]
 * Every run is a fresh process; the rounds alternate between the contestants, one alive at a time, every other one reversed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const peakMbMax = 200;
const root = join(import.meta.dirname, "..");
const json = process.argv.includes("--json");
const rounds = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 5);
const folder = process.env["SKEIN_TEST_DATA"];
if (folder === undefined || folder === "") {
  console.error("shop-import: SKEIN_TEST_DATA is not set: it names the folder that holds online-retail/");
  process.exit(2);
}

const figures = ["rowsPerSecond", "peakMb", "wallMs"] as const;
type Figures = Record<(typeof figures)[number], number>;
interface Contestant {
  readonly name: string;
  readonly file: string;
  readonly flags: readonly string[];
}

const contestants: readonly Contestant[] = ["Online_Retail.sample20k.csv.gz", "baskets.csv.gz"].flatMap((file) => [
  { name: `${file} sqlite`, file, flags: [] },
  { name: `${file} dry-run`, file, flags: ["--dry-run"] },
]);
const results = new Map<string, Figures[]>();
let rejected: unknown;
for (let round = 0; round < rounds; round++) {
  for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
    results.set(contestant.name, [...(results.get(contestant.name) ?? []), importOnce(contestant)]);
  }
}

const summaries = Object.fromEntries(
  [...results].map(([name, all]) => [
    name,
    Object.fromEntries(figures.map((figure) => [figure, summary(all.map((each) => each[figure]))])),
  ]),
);
const peaks = [...results.values()].flat().map((each) => each.peakMb);
const slowest = Math.min(
  ...contestants
    .filter(({ flags }) => flags.length === 0)
    .map(({ name }) => summaries[name]?.["rowsPerSecond"]?.median ?? 0),
);
const headline = { rowsPerSecond: slowest, peakMb: Math.max(...peaks) };
if (json)
  console.log(JSON.stringify({ bench: "shop-import", node: process.version, rounds, results: summaries, headline }));
else console.log(summaries, headline, rejected);
process.exitCode = headline.peakMb < peakMbMax ? 0 : 1;

/** Into an empty shop, so that every round writes the same. */
function importOnce({ file, flags }: Contestant): Figures {
  const home = mkdtempSync(join(tmpdir(), "shop-import-bench-"));
  try {
    const main = join(root, "examples/shop/import/main.ts");
    const { DATABASE_URL: _, ...env } = process.env;
    const beganMs = performance.now();
    const child = spawnSync(
      process.execPath,
      ["--conditions=skein-src", main, join(folder ?? "", "online-retail", file), "--json", ...flags],
      {
        env: { ...env, SKEIN_HOME: home },
        encoding: "utf8",
      },
    );
    const wallMs = Math.round(performance.now() - beganMs);
    if (child.status !== 0) throw new Error(`the import of ${file} failed: ${child.stdout}${child.stderr}`);
    const report = JSON.parse(child.stdout) as { rowsPerSecond: number; peakRssMb: number; rejected: object };
    rejected = { ...(rejected as object | undefined), [file]: report.rejected };
    return { rowsPerSecond: report.rowsPerSecond, peakMb: report.peakRssMb, wallMs };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function summary(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}
