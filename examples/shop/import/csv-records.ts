/**
 * From lines to CSV records, recovering from every quoting error. csv-parse does the parsing; this file only decides
 * which lines are handed to it together, so that one stray quote costs one line and not the rest of the file.
 */
import { parse } from "csv-parse/sync";
import type { LineBlock } from "./source.ts";

/** Lines that one record may span; beyond that, an open quote is taken for a stray one. */
const recordLinesMax = 16;
/** Characters of one record. */
const recordCharsMax = 64 * 1024;

export type CsvRecord =
  | { readonly kind: "record"; readonly line: number; readonly fields: readonly string[] }
  | { readonly kind: "rejected"; readonly line: number; readonly reason: "malformed-csv" | "too-long" };

interface Line {
  readonly line: number;
  readonly text: string | undefined;
}

/**
 * The records of the lines, each with the number of its first line.
 *
 * csv-parse's streaming interface is not used: after a quote that never closes it takes the rest of the file for one
 * field, and it cannot go back. Here a record with an open quote is tried with the lines that would close it; when
 * that gives no record of `columns` fields, its first line is rejected and reading resumes at the second.
 */
export async function* readCsvRecords(
  blocks: AsyncIterable<LineBlock>,
  columns: (fields: readonly string[]) => boolean,
): AsyncGenerator<CsvRecord> {
  let waiting: Line[] = [];
  for await (const block of blocks) {
    for (const [index, text] of block.lines.entries()) waiting.push({ line: block.first + index, text });
    const { found, used } = group(waiting, columns, false);
    waiting = waiting.slice(used);
    yield* parsed(found);
  }
  yield* parsed(group(waiting, columns, true).found);
}

interface Candidate {
  readonly line: number;
  /** Exactly one record, or the reason why there is none. */
  readonly text: string;
  readonly reason?: "malformed-csv" | "too-long";
}

/** Cuts lines into candidates. Stops early, at `used`, where lines still to come may complete a record. */
function group(
  lines: readonly Line[],
  columns: (fields: readonly string[]) => boolean,
  isEnd: boolean,
): { found: Candidate[]; used: number } {
  const found: Candidate[] = [];
  let at = 0;
  while (at < lines.length) {
    const { line, text } = lines[at] as Line;
    if (text === undefined) {
      found.push({ line, text: "", reason: "too-long" });
      at++;
    } else if (text.includes("\0")) {
      // Valid in CSV, but a database refuses it, and real files have it only where they are damaged.
      found.push({ line, text: "", reason: "malformed-csv" });
      at++;
    } else if (!hasOpenQuote(text)) {
      found.push({ line, text });
      at++;
    } else {
      const length = closingLength(lines, at, isEnd);
      if (length === "unknown") break;
      const joined = lines.slice(at, at + length).map((each) => each.text ?? "");
      const record = length === 0 ? undefined : tryParse(joined.join("\n"));
      if (record?.length === 1 && columns(record[0] as string[])) {
        found.push({ line, text: joined.join("\n") });
        at += length;
      } else {
        found.push({ line, text: "", reason: "malformed-csv" });
        at++;
      }
    }
  }
  return { found, used: at };
}

/** How many lines from `at` on close the quote that the first one opens; 0 when none of those allowed does. */
function closingLength(lines: readonly Line[], at: number, isEnd: boolean): number | "unknown" {
  let chars = 0;
  let open = false;
  for (let length = 1; length <= recordLinesMax; length++) {
    const next = lines[at + length - 1];
    if (next === undefined) return isEnd ? 0 : "unknown";
    if (next.text === undefined || next.text.includes("\0")) return 0;
    chars += next.text.length;
    if (chars > recordCharsMax) return 0;
    if (hasOpenQuote(next.text)) open = !open;
    if (!open) return length;
  }
  return 0;
}

function hasOpenQuote(text: string): boolean {
  let open = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) open = !open;
  return open;
}

/** All candidates in one call, which is what makes it fast; one by one only when some of them is malformed. */
function* parsed(candidates: readonly Candidate[]): Generator<CsvRecord> {
  const good = candidates.filter((candidate) => candidate.reason === undefined);
  const together = good.length === 0 ? [] : tryParse(good.map((candidate) => candidate.text).join("\n"));
  const isWhole = together?.length === good.length;
  let next = 0;
  for (const { line, text, reason } of candidates) {
    if (reason !== undefined) {
      yield { kind: "rejected", line, reason };
      continue;
    }
    const fields = isWhole ? together[next++] : onlyRecord(text);
    if (fields === undefined) yield { kind: "rejected", line, reason: "malformed-csv" };
    else yield { kind: "record", line, fields };
  }
}

function onlyRecord(text: string): string[] | undefined {
  const records = tryParse(text);
  return records?.length === 1 ? records[0] : undefined;
}

function tryParse(text: string): string[][] | undefined {
  try {
    // The last line end keeps an empty last line from being taken for none.
    return parse(`${text}\n`, { record_delimiter: "\n", relax_column_count: true });
  } catch {
    return undefined; // the caller counts it as malformed-csv; csv-parse's own message names internals only
  }
}
