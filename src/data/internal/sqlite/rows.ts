/**
 * Owns how SQLite's rows become values: by the declared type of each column, as portable code expects them.
 * It must never guess from a value what a column's type did not say.
 */
import { parseJson, toDate, toInteger } from "../values.ts";

/** A column of a result: its name, and the type it was declared with in its table (`null` for an expression). */
export interface Column {
  readonly name: string;
  readonly type: string | null;
}

type Reader = (value: unknown) => unknown;

const asIs: Reader = (value) => (typeof value === "bigint" ? toInteger(value) : value);
const asBoolean: Reader = (value) => (typeof value === "bigint" ? value !== 0n : value);
const asDate: Reader = (value) => (typeof value === "string" ? toDate(value) : asIs(value));
const asNumber: Reader = (value) => (typeof value === "bigint" ? Number(value) : value);
/** A JSON number was made a number by the column's affinity already. */
const asJson: Reader = (value) => (typeof value === "string" ? parseJson(value) : asNumber(value));

const readers: ReadonlyArray<readonly [RegExp, Reader]> = [
  [/^bool/, asBoolean],
  [/^(timestamp|datetime)/, asDate],
  [/^jsonb?$/, asJson],
  [/^(real|float|double|decimal|numeric)/, asNumber],
];

function readerOf(type: string | null): Reader {
  if (type === null) return asIs;
  const declared = type.toLowerCase();
  return readers.find(([pattern]) => pattern.test(declared))?.[1] ?? asIs;
}

/** Converts the values in place: they were just read and nobody else has them. */
export function convertRows(columns: readonly Column[], rows: unknown[][]): void {
  const used = columns.map((column) => readerOf(column.type));
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      if (value !== null) row[i] = (used[i] ?? asIs)(value);
    }
  }
}

/** Objects from names and arrays of values; of two columns of one name the last wins, as with PostgreSQL's driver. */
export function toObjects(names: readonly string[], rows: readonly unknown[][]): Array<Record<string, unknown>> {
  return rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) object[names[i] as string] = row[i];
    return object;
  });
}
