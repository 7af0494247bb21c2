/**
 * One import from file to sink: reads rows, collects invoices into baskets, counts, ranks, writes in batches.
 * Must never buffer ahead of the sink, print on its own or end the process: `main.ts` does.
 */
import { readFileSync } from "node:fs";
import { createPairCounter } from "../recommend-pairs.ts";
import type { PairCounter } from "../recommend-pairs.ts";
import { readBaskets } from "./baskets.ts";
import { isRetailCode, isShopSku, normalCode } from "./codes.ts";
import { ImportError } from "./errors.ts";
import { isRetailHeader, readOnlineRetail } from "./online-retail.ts";
import { createProgress } from "./report.ts";
import type { Clock, ImportFormat, ImportReport, Output } from "./report.ts";
import { batchMax } from "./sink.ts";
import type { Pair, Product, ShopSink } from "./sink.ts";
import { openSource, readLines } from "./source.ts";

export interface ImportOptions {
  readonly path: string;
  /** Recognised by the first line when it is not given. */
  readonly format?: ImportFormat;
  readonly sink: ShopSink;
  readonly clock: Clock;
  /** Shows progress there; none without it. */
  readonly progress?: Output;
}

/** Invoices that are collected at once; a row of an older one starts it again as a basket of its own. */
const openInvoicesMax = 512;
/** Lines of one invoice that make one basket; the largest real one has 1,114. */
const invoiceLinesMax = 10_000;
/** Distinct codes that the report counts; beyond it the count stands still. */
const codesCountedMax = 500_000;
const progressEveryRows = 1_024;

/**
 * Imports one file. Bad rows are counted by reason and never stop it. Throws {@link ImportError} when the file cannot
 * be read to its end, is not of its format, or holds nothing to accept; what the sink already has then stays, and a
 * second run makes it whole.
 */
export async function runImport(options: ImportOptions): Promise<ImportReport> {
  const startedMs = options.clock.monotonic();
  const format = options.format ?? (await recognise(options.path));
  const source = await openSource(options.path);
  const progress =
    options.progress === undefined ? undefined : createProgress(options.progress, options.clock, source.bytesTotal);
  const counts = createCounts((rows) => progress?.update({ bytesRead: source.bytesRead(), rows }));
  const pairs = createPairCounter();
  try {
    if (format === "online-retail") await importRetail(source.chunks, options.sink, pairs, counts);
    else await importBaskets(source.chunks, pairs, counts);
  } finally {
    progress?.close();
  }
  if (counts.accepted === 0) {
    const why = Object.entries(counts.rejected).map(([reason, count]) => `${count} ${reason}`);
    throw new ImportError(
      "nothing-accepted",
      `${options.path}: no row was accepted (${why.join(", ") || "none read"})`,
    );
  }
  const codesWithRelated = await writePairs(options.sink, pairs);
  const seconds = (options.clock.monotonic() - startedMs) / 1_000;
  return {
    file: options.path,
    format,
    read: counts.read,
    accepted: counts.accepted,
    rejected: counts.rejected,
    ...(format === "baskets" ? { rejectedItems: counts.rejectedItems } : {}),
    products: counts.listed.size,
    codes: counts.codes.size,
    baskets: pairs.stats().baskets,
    basketsSampled: pairs.stats().oversized,
    codesWithRelated,
    seconds: Math.round(seconds * 1_000) / 1_000,
    rowsPerSecond: Math.round(counts.read / seconds),
    peakRssMb: peakRssMb(),
  };
}

/**
 * The most memory this process has held, in MiB. Linux reports it by itself; elsewhere `maxRSS` has to do, which on
 * Linux would start at the size of the process that started this one.
 */
function peakRssMb(): number {
  let kibibytes = process.resourceUsage().maxRSS;
  try {
    kibibytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? kibibytes);
  } catch {
    // not Linux
  }
  return Math.round(kibibytes / 1_024);
}

interface Counts {
  read: number;
  accepted: number;
  readonly rejected: Record<string, number>;
  readonly rejectedItems: Record<string, number>;
  readonly codes: Set<string>;
  readonly listed: Set<string>;
  row(): void;
}

function createCounts(tick: (rows: number) => void): Counts {
  const counts: Counts = {
    read: 0,
    accepted: 0,
    rejected: {},
    rejectedItems: {},
    codes: new Set(),
    listed: new Set(),
    row() {
      if (++counts.read % progressEveryRows === 0) tick(counts.read);
    },
  };
  return counts;
}

function note(set: Set<string>, code: string): void {
  if (set.size < codesCountedMax) set.add(code);
}

function increment(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

async function importRetail(
  chunks: AsyncIterable<Uint8Array>,
  sink: ShopSink,
  pairs: PairCounter,
  counts: Counts,
): Promise<void> {
  let batch = new Map<string, Product>();
  const invoices = new Map<string, string[]>();
  const flush = async (): Promise<void> => {
    const full = [...batch.values()];
    batch = new Map();
    if (full.length > 0) await sink.products(full);
  };
  for await (const row of readOnlineRetail(chunks)) {
    counts.row();
    if (row.kind === "rejected") {
      increment(counts.rejected, row.reason);
      continue;
    }
    counts.accepted++;
    note(counts.codes, row.sku);
    collect(invoices, row.invoice, row.sku, pairs);
    if (row.title === undefined) continue;
    note(counts.listed, row.sku);
    // The last row of a file wins, within a batch as between batches: the outcome does not depend on their size.
    batch.set(row.sku, { sku: row.sku, title: row.title, priceMinor: row.priceMinor, currency: row.currency });
    if (batch.size >= batchMax) await flush();
  }
  await flush();
  for (const basket of invoices.values()) pairs.add(basket);
}

/** Adds a code to its invoice; the invoice that was opened first makes room for a new one. */
function collect(invoices: Map<string, string[]>, invoice: string, sku: string, pairs: PairCounter): void {
  const open = invoices.get(invoice);
  if (open !== undefined) {
    open.push(sku);
    // One endless invoice must not grow without limit either.
    if (open.length >= invoiceLinesMax) {
      pairs.add(open);
      invoices.delete(invoice);
    }
    return;
  }
  if (invoices.size >= openInvoicesMax) {
    const [oldest] = invoices.entries();
    if (oldest !== undefined) {
      pairs.add(oldest[1]);
      invoices.delete(oldest[0]);
    }
  }
  invoices.set(invoice, [sku]);
}

async function importBaskets(chunks: AsyncIterable<Uint8Array>, pairs: PairCounter, counts: Counts): Promise<void> {
  for await (const row of readBaskets(chunks)) {
    if (row.kind === "rejected" && row.item !== undefined) {
      increment(counts.rejectedItems, row.reason);
      continue;
    }
    counts.row();
    if (row.kind === "rejected") {
      increment(counts.rejected, row.reason);
      continue;
    }
    counts.accepted++;
    for (const code of row.items) note(counts.codes, code);
    pairs.add(row.items);
  }
}

async function writePairs(sink: ShopSink, pairs: PairCounter): Promise<number> {
  let batch: Pair[] = [];
  let codes = 0;
  for (const { sku, related } of pairs.entries()) {
    codes++;
    for (const [index, { sku: other, score, together }] of related.entries()) {
      batch.push({ sku, other, rank: index + 1, score, together });
    }
    if (batch.length < batchMax) continue;
    await sink.pairs(batch);
    batch = [];
  }
  if (batch.length > 0) await sink.pairs(batch);
  return codes;
}

/** Looks at the first line only, in a reading of its own. */
async function recognise(path: string): Promise<ImportFormat> {
  const source = await openSource(path);
  for await (const { lines } of readLines(source.chunks)) {
    const first = lines[0] ?? "";
    if (isRetailHeader(first)) return "online-retail";
    const codes = first.split(",").map(normalCode);
    if (codes.some((code) => isRetailCode(code) || isShopSku(code))) return "baskets";
    break;
  }
  throw new ImportError("unknown-format", `${path}: neither a header nor a basket in the first line; say --format`);
}
