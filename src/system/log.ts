/** Owns the shape of a log as handlers see it. It must never write one: the observe layer does. */

/** Values of a log line: flat and JSON-like; secrets are redacted by type and by key. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A structured log. One event is one line, whatever characters its fields hold. @since 0.1.0 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
