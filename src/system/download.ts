/**
 * Owns what a handler returns as a download. It must never open what it describes: the runtime does, when somebody wants
 * the bytes, and the part that they want.
 */
import type { DownloadSource } from "../contract/index.ts";
import { builtin } from "../core/platform.ts";
import { skeinError } from "../errors/index.ts";

/**
 * A download, for methods with `output: bytes()`. `read` is called with the part that is wanted (`start` up to and
 * without `end`) and gives its bytes as a stream, which is read at the reader's pace and closed when the reader leaves.
 * With a `size` byte ranges work, and bytes that do not add up to it break the answer off (`SKEIN_OUTPUT_INVALID`).
 * `etag` is any text of visible characters that changes with the content (or a whole entity tag with its quotes).
 * @since 0.1.0
 */
export function download(source: DownloadSource): DownloadSource {
  return Object.freeze({ ...source });
}

/** What of a file's download is not the file's own to say. @since 0.1.0 */
export interface FileDownloadOptions {
  /** Content type; the contract's, else `application/octet-stream`. Nobody guesses it from the name. */
  readonly type?: string;
  /** The name under which it is saved; none unless given, since a path may say what nobody should know. */
  readonly name?: string;
  /** Size and time of modification to the microsecond unless given. */
  readonly etag?: string;
}

/**
 * A file of this machine as a download. The file is opened when its bytes are wanted. Never make the path of what a caller
 * sent. Resolves to `undefined` where there is no file at that path; what else goes wrong is `SKEIN_RESOURCE_FAILED`.
 * @since 0.1.0
 */
export async function fileDownload(
  path: string,
  options: FileDownloadOptions = {},
): Promise<DownloadSource | undefined> {
  const promises = builtin("node:fs/promises");
  if (promises === undefined) {
    throw skeinError("SKEIN_RESOURCE_FAILED", "there are no files here for a download", { retry: false });
  }
  const found = await promises.stat(path, { bigint: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw skeinError("SKEIN_RESOURCE_FAILED", "a file for a download cannot be looked at", { cause });
  });
  if (found === undefined || !found.isFile()) return undefined;
  return download({
    size: Number(found.size),
    modified: new Date(Number(found.mtimeMs)),
    etag: options.etag ?? `${found.size.toString(36)}-${(found.mtimeNs / 1000n).toString(36)}`,
    ...(options.type !== undefined && { type: options.type }),
    ...(options.name !== undefined && { name: options.name }),
    read: ({ start, end }) => readFile(promises, path, start, end ?? Number(found.size)),
  });
}

const pieceBytes = 65_536;

/**
 * The bytes of a file, each piece in the same memory: whoever reads has copied one when it asks for the next. A stream of
 * Node takes new memory for each, which the collector gives back late.
 */
async function* readFile(
  files: typeof import("node:fs/promises"),
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await files.open(path);
  try {
    const piece = new Uint8Array(Math.min(pieceBytes, end - start));
    for (let at = start; at < end;) {
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, end - at), at);
      // Shorter than it was: the size that was announced is missed, and the runtime says so.
      if (bytesRead === 0) return;
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
