/**
 * Owns a directory of our own among those of others, in the system's temporary directory. It must never use one that
 * somebody else has made: whoever made it decides who answers on the sockets in it.
 */
import { lstatSync, mkdirSync, type Stats } from "node:fs";
import { skeinError } from "../errors/index.ts";

/** `0` where users have no numbers. */
export function userId(): number {
  return process.getuid?.() ?? 0;
}

/** Makes it, or takes the one that we have made before. Throws `SKEIN_STATE_UNSAFE` for any other. */
export function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  assertPrivate(directory);
}

/** Throws `SKEIN_STATE_UNSAFE` unless it is a directory and no link, ours, and closed to others. */
export function assertPrivate(directory: string): void {
  const found = lookAt(directory);
  const wrong = found === undefined ? "is not there" : wrongOf(found);
  if (wrong !== undefined) throw skeinError("SKEIN_STATE_UNSAFE", `${directory} ${wrong}`);
}

function wrongOf(found: Stats): string | undefined {
  if (!found.isDirectory()) return found.isSymbolicLink() ? "is a link" : "is no directory";
  // Where users have no numbers, the temporary directory is the user's own.
  if (process.getuid === undefined) return undefined;
  if (found.uid !== process.getuid()) return `belongs to user ${found.uid}`;
  const mode = found.mode & 0o777;
  return (mode & 0o077) === 0 ? undefined : `is open to others: its mode is ${mode.toString(8).padStart(4, "0")}`;
}

/** Not what a link leads to. */
function lookAt(directory: string): Stats | undefined {
  try {
    return lstatSync(directory);
  } catch {
    return undefined;
  }
}
