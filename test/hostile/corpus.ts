/**
 * Owns reading the corpus of hostile requests: each a name, the bytes, and what must come of them. Must never change what
 * is in it: bytes are written as they stand, one character one byte.
 */
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("corpus/", import.meta.url);

/** Bytes as text (latin1), or something many times over. */
export type Part = string | { readonly repeat: string | readonly Part[]; readonly times: number };

export interface Entry {
  readonly name: string;
  /** `refused`: 4xx, reset or clean close, once. `harmless`: any answer below 500. */
  readonly expect: "refused" | "harmless";
  readonly parts: readonly Part[];
}

/** Every entry of every file, in the order of the files' names. */
export function readCorpus(): Entry[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Entry[]);
}

/** The bytes in pieces of at most some 64 KiB, made as they are wanted: some entries are a gigabyte. */
export function* piecesOf(parts: readonly Part[]): Generator<Buffer> {
  for (const part of parts) {
    if (typeof part === "string") yield Buffer.from(part, "latin1");
    else if (typeof part.repeat !== "string") for (let i = 0; i < part.times; i++) yield* piecesOf(part.repeat);
    else {
      const one = Buffer.from(part.repeat, "latin1");
      const perPiece = Math.max(1, Math.floor(65_536 / one.length));
      for (let left = part.times; left > 0; left -= perPiece)
        yield Buffer.alloc(one.length * Math.min(left, perPiece), one);
    }
  }
}
