/**
 * Owns reading what the processes of a system have written, as one log by time, also while it grows and is cut. It must
 * never change a file, and never hold more of one than a piece.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from "node:fs";
import path from "node:path";
import { olderOf } from "./log-file.ts";

/** One line of one process. */
export interface LogEntry {
  /** `orders-1`, `supervisor`, `holder`. */
  readonly host: string;
  /** In wall time. A line that says none has that of the line before it. */
  readonly time: number;
  readonly line: string;
  /** What the line says, when it is an event of a log; what a crash leaves is none. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

const pieceBytes = 65_536;
/** A longer line comes in parts. */
const lineBytesMax = 1_048_576;
const suffix = ".log";

/** The logs of a directory; each call of `entries` goes on where the last one has ended. */
export class Logs {
  readonly #directory: string;
  readonly #wants: (host: string) => boolean;
  readonly #files = new Map<string, HostLog>();

  constructor(directory: string, wants: (host: string) => boolean = () => true) {
    this.#directory = directory;
    this.#wants = wants;
  }

  /** Who has written anything, by name. */
  hosts(): string[] {
    try {
      return readdirSync(this.#directory).flatMap((name) =>
        name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : [],
      );
    } catch {
      return [];
    }
  }

  /** What is new, by time. `isWhole`: a last line without an end is complete. */
  *entries(isWhole: boolean): Generator<LogEntry> {
    for (const host of this.hosts()) {
      if (this.#wants(host) && !this.#files.has(host))
        this.#files.set(host, new HostLog(host, path.join(this.#directory, `${host}${suffix}`)));
    }
    const heads = [...this.#files.values()].flatMap((file) => {
      const entries = file.entries(isWhole);
      const { value, done } = entries.next();
      return done === true ? [] : [{ entries, entry: value }];
    });
    while (heads.length > 0) {
      const first = heads.reduce((a, b) => (b.entry.time < a.entry.time ? b : a));
      yield first.entry;
      const { value, done } = first.entries.next();
      if (done === true) heads.splice(heads.indexOf(first), 1);
      else first.entry = value;
    }
  }
}

class HostLog {
  readonly #host: string;
  readonly #file: string;
  #offset = 0;
  #time: number | undefined;
  /** Which file the older one is; it is another one after a cut. */
  #older: string | undefined;
  #hasBegun = false;
  /** Looks at which the file was shorter than what was read, and no older one has appeared. */
  #shorter = 0;

  constructor(host: string, file: string) {
    this.#host = host;
    this.#file = file;
  }

  *entries(isWhole: boolean): Generator<LogEntry> {
    const older = keyOf(olderOf(this.#file));
    if (older !== this.#older || !this.#hasBegun) {
      this.#older = older;
      this.#hasBegun = true;
      if (older !== undefined) yield* this.#read(olderOf(this.#file), true);
      this.#offset = 0;
    } else if ((statOf(this.#file)?.size ?? 0) < this.#offset) {
      // In the middle of a cut; or one that had no room to keep anything.
      if (++this.#shorter > 1) this.#offset = 0;
      else return;
    }
    this.#shorter = 0;
    yield* this.#read(this.#file, isWhole);
  }

  /** From the offset on, which moves behind each line that was read. */
  *#read(file: string, isWhole: boolean): Generator<LogEntry> {
    let nameless: string[] = [];
    for (const line of this.#lines(file, isWhole)) {
      const fields = fieldsOf(line);
      if (fields !== undefined) this.#time = Date.parse(String(fields["time"]));
      if (this.#time === undefined) {
        nameless.push(line);
        continue;
      }
      for (const before of nameless) yield this.#entry(before, this.#time, undefined);
      nameless = [];
      yield this.#entry(line, this.#time, fields);
    }
    const writtenMs = statOf(file)?.mtimeMs ?? 0;
    for (const line of nameless) yield this.#entry(line, writtenMs, undefined);
  }

  #entry(line: string, time: number, fields: LogEntry["fields"]): LogEntry {
    return { host: this.#host, time, line, fields };
  }

  *#lines(file: string, isWhole: boolean): Generator<string> {
    let descriptor: number;
    try {
      descriptor = openSync(file, "r");
    } catch {
      return;
    }
    try {
      if (fstatSync(descriptor).size < this.#offset) return;
      let rest: Buffer = Buffer.alloc(0);
      for (;;) {
        const piece = Buffer.allocUnsafe(pieceBytes);
        const read = readSync(descriptor, piece, 0, pieceBytes, this.#offset + rest.length);
        if (read === 0) break;
        rest = Buffer.concat([rest, piece.subarray(0, read)]);
        for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
          this.#offset += end + 1;
          yield rest.toString("utf8", 0, end);
          rest = rest.subarray(end + 1);
        }
        if (rest.length < lineBytesMax) continue;
        this.#offset += rest.length;
        yield rest.toString("utf8");
        rest = Buffer.alloc(0);
      }
      if (!isWhole || rest.length === 0) return;
      this.#offset += rest.length;
      yield rest.toString("utf8");
    } finally {
      closeSync(descriptor);
    }
  }
}

/** An event of a log has a time, a level and a message. */
function fieldsOf(line: string): LogEntry["fields"] {
  if (!line.startsWith("{")) return undefined;
  try {
    const fields = JSON.parse(line) as Record<string, unknown>;
    const { time, level, message } = fields;
    const isEvent = [time, level, message].every((part) => typeof part === "string");
    return isEvent && !Number.isNaN(Date.parse(time as string)) ? fields : undefined;
  } catch {
    return undefined;
  }
}

function statOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

function keyOf(file: string): string | undefined {
  const stat = statOf(file);
  return stat === undefined ? undefined : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
}
