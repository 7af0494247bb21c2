/**
 * The command line of the importers: arguments, output and exit code. Must never hold import logic; `run.ts` has it.
 */
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { normalCode } from "./codes.ts";
import { ImportError } from "./errors.ts";
import { formatReport } from "./report.ts";
import type { Clock, ImportFormat } from "./report.ts";
import { runImport } from "./run.ts";
import { createMemorySink } from "./sink.ts";
import type { ImportTarget } from "./sink.ts";

const help = `Imports sales into the example shop: its products, and which are bought together.

  npm run shop:import -- <file> [options]

  <file>              Online Retail CSV, or basket lines (code,code,...); plain or gzip
  --format <name>     online-retail or baskets; recognised by the first line when left out
  --dry-run           count only: nothing is written
  --related <codes>   also print what is bought together with these codes, separated by commas
  --json              print one JSON object and nothing else
  --help              print this

Products and pairs go into the shop's databases (SKEIN_HOME, or examples/shop/.skein; DATABASE_URL
where it is set). A shop that runs meanwhile finds them within seconds, without a restart.
Bad rows are counted by reason and never stop the import. Importing a file again changes nothing.
Exit code: 0 imported, 1 failed, 2 wrong usage.
`;

interface Arguments {
  readonly path: string;
  readonly format?: ImportFormat;
  readonly related: readonly string[];
  readonly json: boolean;
  readonly dryRun: boolean;
}

const relatedShown = 5;
const clock: Clock = { monotonic: () => performance.now() };

/** Runs the command; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(help);
    return 0;
  }
  try {
    const given = readArguments(args);
    // Loaded only when it is needed: a dry run opens no database.
    const target = given.dryRun ? createMemorySink() : (await import("./shop-sink.ts")).createShopTarget();
    try {
      await importInto(target, given);
    } finally {
      await target.close();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof ImportError) && !(await isSkeinError(error))) throw error; // a bug: the stack is wanted
    const { code, message } = error as ImportError;
    if (args.includes("--json")) process.stdout.write(`${JSON.stringify({ ok: false, error: { code, message } })}\n`);
    else process.stderr.write(`${code}: ${message}\n`);
    return code === "usage" ? 2 : 1;
  }
}

/** Asked only when an import has failed: a dry run loads nothing of Skein. */
async function isSkeinError(error: unknown): Promise<boolean> {
  return (await import("skein")).isSkeinError(error);
}

async function importInto(target: ImportTarget, { path, format, related, json }: Arguments): Promise<void> {
  const report = await runImport({
    path,
    ...(format === undefined ? {} : { format }),
    sink: target,
    clock,
    ...(json ? {} : { progress: { write: (text) => process.stderr.write(text), isTerminal: process.stderr.isTTY } }),
  });
  const found = related.length === 0 ? [] : await target.related(related, relatedShown);
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ ok: true, ...report, ...(found.length > 0 ? { related: found } : {}) })}\n`,
    );
    return;
  }
  process.stdout.write(`${formatReport(report)}\n`);
  for (const each of found) {
    process.stdout.write(`bought together with ${each.sku} ${each.title ?? ""}\n`);
    for (const other of each.related) {
      const figures = `G² ${other.score.toFixed(0).padStart(6)}  ${String(other.together).padStart(5)} times`;
      process.stdout.write(`  ${other.sku.padEnd(8)} ${figures}  ${other.title ?? ""}\n`);
    }
  }
}

function readArguments(args: readonly string[]): Arguments {
  const usage = (message: string): never => {
    throw new ImportError("usage", `${message}; see --help`);
  };
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: "string" },
        related: { type: "string" },
        json: { type: "boolean" },
        "dry-run": { type: "boolean" },
      },
    });
  } catch (error) {
    return usage(String((error as Error).message).split(/[.\n]/)[0] ?? "wrong option");
  }
  const { values, positionals } = parsed;
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) return usage(`one file is expected, not ${positionals.length}`);
  const { format } = values;
  if (format !== undefined && format !== "online-retail" && format !== "baskets") {
    return usage(`--format is online-retail or baskets, not ${format}`);
  }
  return {
    path,
    ...(format === undefined ? {} : { format }),
    related: (values.related ?? "")
      .split(",")
      .map(normalCode)
      .filter((code) => code !== ""),
    json: values.json === true,
    dryRun: values["dry-run"] === true,
  };
}

// Rows are garbage at once, and V8 answers a stream of garbage by growing its young generation to 96 MiB and more: 230 MB
// at the peak for 550,000 rows of which never more than 75 MB is in use. Kept from growing: 160 MB.
setFlagsFromString("--semi-space-growth-factor=1");
process.exitCode = await main(process.argv.slice(2));
