/**
 * Owns a log that writes one JSON line per event. It must never let a field break its line, print a secret, or throw
 * into the code that logs.
 */
import { type Clock, Secret } from "../core/index.ts";
import type { Log, LogFields } from "../system/index.ts";
import { redactText } from "./redact.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Where finished lines go, without their newline. */
export type LogSink = (level: LogLevel, line: string) => void;

/** Longest line in characters; a longer one is cut and says so. */
const lineMax = 16_384;
/** Characters of the message that a cut line keeps. */
const cutMax = 1_024;
const depthMax = 6;
const secretKeys = /pass(word|wd)?|secret|token|authorization|cookie|api[-_]?key|private[-_]?key/i;
// Control characters, and the two separators that end a line in JavaScript and in some terminals.
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A log on a sink, from `level` up. Secrets are redacted by type, by key and by form. */
export function createLog(options: {
  readonly clock: Clock;
  readonly sink: LogSink;
  readonly level?: LogLevel;
  readonly fields?: LogFields;
}): Log {
  const from = levels.indexOf(options.level ?? "info");
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (levels.indexOf(level) < from) return;
    options.sink(level, safeLine(new Date(options.clock.now()), level, message, { ...options.fields, ...fields }));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The same log with more fields on every line. */
export function withFields(log: Log, fields: LogFields): Log {
  return {
    debug: (message, more) => log.debug(message, { ...fields, ...more }),
    info: (message, more) => log.info(message, { ...fields, ...more }),
    warn: (message, more) => log.warn(message, { ...fields, ...more }),
    error: (message, more) => log.error(message, { ...fields, ...more }),
  };
}

/** The same log, whose own failure (a full disk, a closed pipe) is not that of the code that logs. */
export function quietly(log: Log): Log {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    try {
      log[level](message, fields);
    } catch {
      // There is nowhere left to say so.
    }
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A log that drops everything: the default of tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

function safeLine(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  try {
    return toLine(time, level, message, fields);
  } catch {
    // A field whose accessor or proxy throws.
    return escape({ time: time.toISOString(), level, message: String(message).slice(0, cutMax), unreadable: true });
  }
}

function toLine(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  const head = { time: time.toISOString(), level, message: redactText(message) };
  // The head again at the end: its keys stay in front, and no field can take their place.
  const line = escape({ ...head, ...(toPlain(fields, 0) as object), ...head });
  if (line.length <= lineMax) return line;
  return escape({ ...head, message: head.message.slice(0, cutMax), cut: line.length });
}

function escape(fields: object): string {
  return JSON.stringify(fields).replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function toPlain(value: unknown, depth: number): unknown {
  if (value instanceof Secret) return "[redacted]";
  if (value instanceof Error) return toPlainError(value, depth);
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return "[deep]";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => toPlain(item, depth + 1));
  const plain: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    plain[key] = secretKeys.test(key) ? "[redacted]" : toPlain(field, depth + 1);
  }
  return plain;
}

function toPlainError(error: Error, depth: number): unknown {
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: redactText(error.message),
    ...(typeof code === "string" && { code }),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(error.cause !== undefined && depth < depthMax && { cause: toPlain(error.cause, depth + 1) }),
  };
}
