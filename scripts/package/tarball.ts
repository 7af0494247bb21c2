// Owns the packed tarball: made once from dist/, unpacked for inspection, counted in bytes.
// Must pack what npm would publish, with no file added or left out by hand.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mustRun, root, temporaryPrefix } from "../lib/repository.ts";

export interface Tarball {
  /** The .tgz file. */
  readonly path: string;
  /** The unpacked package. */
  readonly directory: string;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** Paths inside the package, sorted. */
  readonly files: readonly string[];
  [Symbol.dispose](): void;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the repository as it is built now. The caller disposes the temporary directory. */
export function packTarball(): Tarball {
  const temporary = mkdtempSync(temporaryPrefix("pack"));
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", temporary];
  const { stdout } = mustRun("npm", args, { cwd: root });
  const [packed] = JSON.parse(stdout) as readonly Packed[];
  if (packed === undefined) throw new Error("npm pack reported no tarball");
  const path = join(temporary, packed.filename);
  const directory = join(temporary, "unpacked");
  mkdirSync(directory);
  mustRun("tar", ["-xzf", path, "-C", directory, "--strip-components=1"]);
  return {
    path,
    directory,
    packedBytes: packed.size,
    unpackedBytes: packed.unpackedSize,
    files: packed.files.map((file) => file.path).toSorted(),
    [Symbol.dispose]: () => rmSync(temporary, { recursive: true, force: true }),
  };
}
