/**
 * The ways in which a whole import fails, each with a code that a script can test.
 * A bad row is never one of them: it is rejected, counted, and the import goes on.
 */

export type ImportErrorCode =
  | "usage"
  | "unreadable-file"
  | "empty-file"
  | "broken-gzip"
  | "wrong-header"
  | "unknown-format"
  | "nothing-accepted";

/** Stops the import. The message is one line that says what to do. */
export class ImportError extends Error {
  override readonly name = "ImportError";
  readonly code: ImportErrorCode;

  constructor(code: ImportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
