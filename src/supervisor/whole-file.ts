/** Owns small files that are there whole or not at all, whoever dies meanwhile. It must never know what is in them. */
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import { identify } from "./process-identity.ts";

/**
 * Written aside, flushed and renamed: a reader, and whoever starts after a crash, sees the old one or the new one. The
 * directory is not flushed: what is here is true of processes of this boot, and a power cut ends them all.
 */
export function writeWhole(file: string, text: string): void {
  const aside = `${file}.${process.pid}.tmp`;
  kept(file, () => {
    try {
      fill(aside, text);
      renameSync(aside, file);
    } catch (error) {
      forget(aside);
      throw error;
    }
  });
}

/** What says nothing any more, and to nobody's harm if it stays. */
export function forget(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // A read-only disk, mostly.
  }
}

function fill(file: string, text: string): void {
  const descriptor = openSync(file, "w", 0o600);
  try {
    // Until all of it is written: a single write to a disk that is nearly full is short, and no error.
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function kept<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw unwritable(file, error);
  }
}

export function unwritable(file: string, error: unknown): SkeinError {
  if (isSkeinError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return skeinError("SKEIN_STATE_FAILED", `${file} could not be written: ${reason}`, { cause: error });
}

/** Removes what writers have left that were killed in the middle. */
export function sweep(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && identify(Number(pid)) === undefined) rmSync(path.join(directory, name), { force: true });
  }
}

export function read<T>(file: string): T | undefined {
  try {
    // Only supervisors of this home write these, whole.
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}
