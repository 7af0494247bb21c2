/**
 * Reads the UCI Online Retail CSV (Chen, 2015) row by row. Must never stop at a bad row or drop one unsaid: every row
 * of the file is yielded exactly once, as a line or as rejected.
 */
import { isRetailCode, normalCode } from "./codes.ts";
import { readCsvRecords } from "./csv-records.ts";
import { ImportError } from "./errors.ts";
import { readLines } from "./source.ts";
import type { LineBlock } from "./source.ts";

/** Why a row is left out; the first that applies. The list is closed. */
export const retailReasons = [
  "too-long",
  "malformed-csv",
  "wrong-columns",
  "missing-invoice",
  "cancellation",
  "missing-code",
  "non-product-code",
  "bad-quantity",
  "bad-price",
  "bad-date",
] as const;
export type RetailReason = (typeof retailReasons)[number];

/** One sold position of an invoice. */
export interface RetailLine {
  readonly kind: "line";
  readonly line: number;
  readonly invoice: string;
  readonly sku: string;
  /** Missing where the file has none: such a code feeds recommendation, but cannot be listed. */
  readonly title?: string;
  /** From 1 to 1,000,000. */
  readonly quantity: number;
  /** Pence, rounded half up, from 1 to 100,000,000. */
  readonly priceMinor: number;
  readonly currency: "GBP";
  /** The file gives no zone; its local time is taken for UTC. */
  readonly at: Date;
  readonly customer?: string;
  readonly country?: string;
}

export interface RetailRejected {
  readonly kind: "rejected";
  readonly line: number;
  readonly reason: RetailReason;
}

export type RetailRow = RetailLine | RetailRejected;

/** As long as a title may be in the catalogue; real ones have 35 characters at most. */
const fieldCharsMax = 200;
const quantityMax = 1_000_000;
const priceMinorMax = 100_000_000;

const required = ["invoiceno", "stockcode", "quantity", "invoicedate", "unitprice"] as const;
const optional = ["description", "customerid", "country"] as const;
type Column = (typeof required)[number] | (typeof optional)[number];

interface Header {
  readonly width: number;
  readonly index: Readonly<Partial<Record<Column, number>>>;
}

/**
 * The rows of a file, plain or unpacked. Columns are found by name in any order; others are passed by.
 * Throws {@link ImportError} `wrong-header` when a column that it needs is missing, `empty-file` without any line.
 */
export async function* readOnlineRetail(source: AsyncIterable<Uint8Array>): AsyncGenerator<RetailRow> {
  const found: { header?: Header } = {};
  const isWide = (fields: readonly string[]): boolean => fields.length === found.header?.width;
  for await (const record of readCsvRecords(withHeaderChecked(readLines(source)), isWide)) {
    if (found.header === undefined) found.header = toHeader(record.kind === "record" ? record.fields : []);
    else if (record.kind === "rejected") yield record;
    else yield toRow(record.line, record.fields, found.header);
  }
  if (found.header === undefined) throw new ImportError("empty-file", "the file has no header line");
}

/** Hands the first line on in a block of its own, so that the header is known before a row is grouped. */
async function* withHeaderChecked(blocks: AsyncIterable<LineBlock>): AsyncGenerator<LineBlock> {
  let isFirst = true;
  for await (const { first, lines } of blocks) {
    if (isFirst) yield { first, lines: lines.slice(0, 1) };
    const rest = isFirst ? lines.slice(1) : lines;
    if (rest.length > 0) yield { first: isFirst ? first + 1 : first, lines: rest };
    isFirst = false;
  }
}

/** True when a first line looks like this format's header. */
export function isRetailHeader(line: string): boolean {
  return /\bInvoiceNo\b/i.test(line) && /\bStockCode\b/i.test(line);
}

function toHeader(fields: readonly string[]): Header {
  const names = fields.map((name) => name.trim().toLowerCase());
  const index: Partial<Record<Column, number>> = {};
  for (const column of [...required, ...optional]) {
    const at = names.indexOf(column);
    if (at === -1) continue;
    if (names.includes(column, at + 1)) throw new ImportError("wrong-header", `the header names ${column} twice`);
    index[column] = at;
  }
  const missing = required.filter((column) => index[column] === undefined);
  if (missing.length > 0) {
    throw new ImportError(
      "wrong-header",
      `the first line is not the header of an Online Retail CSV: it lacks ${missing.join(", ")}`,
    );
  }
  return { width: fields.length, index };
}

function toRow(line: number, fields: readonly string[], { width, index }: Header): RetailRow {
  const rejected = (reason: RetailReason): RetailRow => ({ kind: "rejected", line, reason });
  if (fields.length !== width) return rejected("wrong-columns");
  if (fields.some((field) => field.length > fieldCharsMax)) return rejected("too-long");
  const field = (column: Column): string => (index[column] === undefined ? "" : (fields[index[column]] ?? "").trim());
  const invoice = field("invoiceno").toUpperCase();
  if (invoice === "") return rejected("missing-invoice");
  if (invoice.startsWith("C")) return rejected("cancellation");
  const sku = normalCode(field("stockcode"));
  if (sku === "") return rejected("missing-code");
  if (!isRetailCode(sku)) return rejected("non-product-code");
  const quantity = toQuantity(field("quantity"));
  if (quantity === undefined) return rejected("bad-quantity");
  const priceMinor = toPriceMinor(field("unitprice"));
  if (priceMinor === undefined) return rejected("bad-price");
  const at = toDate(field("invoicedate"));
  if (at === undefined) return rejected("bad-date");
  const title = field("description")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const customer = field("customerid").replace(/\.0$/, ""); // some copies went through a float column
  const country = field("country");
  return {
    kind: "line",
    line,
    invoice,
    sku,
    ...(title === "" ? {} : { title }),
    quantity,
    priceMinor,
    currency: "GBP",
    at,
    ...(customer === "" ? {} : { customer }),
    ...(country === "" ? {} : { country }),
  };
}

function toQuantity(text: string): number | undefined {
  if (!/^\d{1,12}(\.0+)?$/.test(text)) return undefined;
  const quantity = Number(text);
  return quantity >= 1 && quantity <= quantityMax ? quantity : undefined;
}

/** Decimal text to pence without a detour over binary fractions: 1.005 is 101, as on paper. */
function toPriceMinor(text: string): number | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,20}))?$/.exec(text);
  if (match === null) return undefined;
  const fraction = (match[2] ?? "").padEnd(3, "0");
  const priceMinor = Number(match[1]) * 100 + Number(fraction.slice(0, 2)) + (fraction.charAt(2) >= "5" ? 1 : 0);
  return priceMinor >= 1 && priceMinor <= priceMinorMax ? priceMinor : undefined;
}

const usDate = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const isoDate = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** `M/D/YYYY H:mm` or ISO 8601. A day or time that does not exist is no date, where `new Date` would roll over. */
function toDate(text: string): Date | undefined {
  const us = usDate.exec(text);
  if (us !== null) return toInstant([us[3], us[1], us[2], us[4], us[5], us[6]], 0);
  const iso = isoDate.exec(text);
  if (iso === null) return undefined;
  const zone = /^([+-])(\d{2}):?(\d{2})$/.exec(iso[7] ?? "");
  const offset = zone === null ? 0 : Number(`${zone[1]}1`) * (Number(zone[2]) * 60 + Number(zone[3]));
  if (zone !== null && (Number(zone[2]) > 14 || Number(zone[3]) > 59)) return undefined;
  return toInstant([iso[1], iso[2], iso[3], iso[4], iso[5], iso[6]], offset);
}

function toInstant(parts: readonly (string | undefined)[], offsetMinutes: number): Date | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0));
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isReal =
    year >= 1900 &&
    local.getUTCFullYear() === year &&
    local.getUTCMonth() === month - 1 &&
    local.getUTCDate() === day &&
    local.getUTCHours() === hour &&
    local.getUTCMinutes() === minute &&
    local.getUTCSeconds() === second;
  return isReal ? new Date(local.getTime() - offsetMinutes * 60_000) : undefined;
}
