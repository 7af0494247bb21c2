/**
 * Owns how large a process's log may become. Its own process sees to it, so that it holds without a supervisor: the file is
 * copied and cut to nothing, because a descriptor that was inherited cannot be pointed elsewhere. It must never throw into
 * whoever logs: a log that cannot be written is no reason to end.
 */
import { copyFileSync, renameSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";

/** Of the file that is written; as much of what came before is kept beside it. */
export const logBytesMax = 8_388_608;

/** Where the lines before the last cut are. */
export function olderOf(file: string): string {
  return `${file}.1`;
}

/** Cuts a log that is longer than `bytesMax`. Where there is no room to keep what was in it, that is dropped. */
export function trimLog(file: string, bytesMax = logBytesMax): void {
  const aside = `${olderOf(file)}.${process.pid}.tmp`;
  try {
    if (statSync(file).size <= bytesMax) return;
    const isKept = attempt(() => copyFileSync(file, aside));
    truncateSync(file);
    // Only now: who reads along takes a new older file as a sign that this one begins anew.
    if (isKept) renameSync(aside, olderOf(file));
    else rmSync(aside, { force: true });
  } catch {
    // Not there, or not ours to cut.
  }
}

/** Lines on an open descriptor, for `createLog`. A disk that is full drops them. */
export function lineSink(descriptor: number): (level: unknown, line: string) => void {
  return (_level, line) => void attempt(() => writeSync(descriptor, `${line}\n`));
}

function attempt(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
