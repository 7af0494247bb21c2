/**
 * Owns how PostgreSQL's types become values, per query. It must never touch the driver's global parsers, which belong to
 * the user's own code.
 */
import { parseJson, toDate, toInteger } from "../values.ts";

type Parser = (text: string) => unknown;

const parsers: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [16, (text) => text === "t"], // bool
  [17, bytes], // bytea
  [20, (text) => toInteger(BigInt(text))], // int8
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [114, parseJson], // json
  [3802, parseJson], // jsonb
  [1082, (text) => text], // date: a day has no zone, so it is not a Date
  [1114, toDate], // timestamp
  [1184, toDate], // timestamptz
]);

/** Sums and averages are numeric: whole ones stay exact, others become the nearest number, as SQLite has them. */
const numericOid = 1_700;
const numeric: Parser = (text) => (/^-?\d+$/.test(text) ? toInteger(BigInt(text)) : Number(text));

function bytes(text: string): Uint8Array {
  // The server is told to write bytea as hex (bytea_output), the default since PostgreSQL 9.0.
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

export interface TypeParsers {
  getTypeParser(oid: number, format?: string): Parser;
}

/** `fallback` is the driver's own lookup, for types that portable code does not have. */
export function createTypeParsers(
  portable: boolean,
  fallback: (oid: number, format?: "text" | "binary") => Parser,
): TypeParsers {
  return {
    getTypeParser(oid, format) {
      if (portable && oid === numericOid) return numeric;
      return parsers.get(oid) ?? fallback(oid, format === "binary" ? "binary" : "text");
    },
  };
}
