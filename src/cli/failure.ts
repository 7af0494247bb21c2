/**
 * Owns explaining why somebody's code did not load: the message, the file and line, and the lines around it. It must
 * never run that code again.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import module from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isSkeinError, type SkeinError } from "../errors/index.ts";
import { type Problem, toProblem } from "./terminal.ts";

/** A problem and where it is. */
export interface Failure extends Problem {
  /** `path:line:column`, as far as known; the path is relative to the working directory where it is below it. */
  readonly at?: string;
  /** The lines around it, with a mark. */
  readonly frame?: readonly string[];
}

interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

const checkTimeoutMs = 2_000;
/** Skein's own sources or build: never where a user's mistake is. */
const ownFolder = fileURLToPath(new URL("..", import.meta.url));

/** Explains an error of loading or starting; `lastLoaded` is the file that was being loaded. */
export function explainFailure(error: unknown, lastLoaded: string | undefined): Failure {
  const cause = rootOf(error);
  const place = placeOf(cause, lastLoaded);
  const text = cause instanceof Error ? cause.message : String(cause);
  const known = outermost(error);
  const problem: Problem =
    known === undefined
      ? { code: "SKEIN_SYSTEM_LOAD", message: text, fix: "correct it and save the file" }
      : { ...toProblem(known), message: withReason(known, cause) };
  if (place === undefined) return problem;
  const position = [place.line, place.column].filter((part) => part !== undefined);
  const frame = place.line === undefined ? undefined : frameOf(place.file, place.line, place.column);
  // With a place at hand, the catalogue's advice on where to look would only be in the way.
  const fix = problem.code === "SKEIN_SYSTEM_LOAD" ? "correct it and save the file" : problem.fix;
  return { ...problem, fix, at: [relative(place.file), ...position].join(":"), ...(frame !== undefined && { frame }) };
}

function outermost(error: unknown): SkeinError | undefined {
  return isSkeinError(error) ? error : undefined;
}

function rootOf(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error && current.cause instanceof Error; depth++)
    current = current.cause;
  return current;
}

/** The cause's own words, where the error around it does not carry them already. */
function withReason(known: SkeinError, cause: unknown): string {
  if (!(cause instanceof Error) || known.message.includes(cause.message)) return known.message;
  return `${known.message}: ${cause.message}`;
}

function placeOf(error: unknown, lastLoaded: string | undefined): Place | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof SyntaxError) return headPlace(error.stack ?? "") ?? jsonPlace(error) ?? checkedPlace(lastLoaded);
  if ((error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND") return importerPlace(error);
  return stackPlace(error.stack ?? "");
}

/** Node puts `path:line`, the line and a mark before the message of a syntax error. */
function headPlace(stack: string): Place | undefined {
  const [head = "", ...rest] = stack.split("\n", 4);
  const match = /^((?:file:\/\/)?\/.*):(\d+)$/.exec(head);
  if (match?.[1] === undefined) return undefined;
  const mark = rest.find((line) => /^\s*\^+\s*$/.test(line));
  return {
    file: toPath(match[1]),
    line: Number(match[2]),
    ...(mark !== undefined && { column: mark.indexOf("^") + 1 }),
  };
}

function jsonPlace(error: Error): Place | undefined {
  const match = /^(\/.*?\.json): /.exec(error.message);
  return match?.[1] === undefined ? undefined : { file: match[1] };
}

/** V8 does not tell where a module's syntax is wrong; `node --check` does. Only after a failure, so its time is no matter. */
function checkedPlace(file: string | undefined): Place | undefined {
  if (file === undefined) return undefined;
  try {
    const source = readFileSync(file, "utf8");
    const input = /\.[cm]?ts$/.test(file) ? module.stripTypeScriptTypes(source) : source;
    const checked = spawnSync(process.execPath, ["--check", "--input-type=module", "-"], {
      input,
      encoding: "utf8",
      timeout: checkTimeoutMs,
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    const lines = checked.stderr.split("\n");
    const line = /:(\d+)$/.exec(lines[0] ?? "")?.[1];
    const mark = lines.slice(1, 4).find((text) => /^\s*\^+\s*$/.test(text));
    return {
      file,
      ...(line !== undefined && { line: Number(line) }),
      ...(line !== undefined && mark !== undefined && { column: mark.indexOf("^") + 1 }),
    };
  } catch {
    return { file };
  }
}

/** "Cannot find module 'x' imported from /path": the line of the importer that names it. */
function importerPlace(error: Error): Place | undefined {
  const match = /^Cannot find (?:module|package) '(.+)' imported from (.+)$/s.exec(error.message);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const file = toPath(match[2]);
  const name = path.basename(match[1]);
  const at = readLines(file).findIndex((line) => line.includes(name) && /["']/.test(line));
  return at < 0 ? { file } : { file, line: at + 1, column: (readLines(file)[at] ?? "").indexOf(name) + 1 };
}

/** The first line of a stack that is the user's own code. */
function stackPlace(stack: string): Place | undefined {
  for (const line of stack.split("\n")) {
    const match = /^\s+at (?:async |.*\()?(file:\/\/\/[^)]+|\/[^)]+):(\d+):(\d+)\)?$/.exec(line);
    if (match?.[1] === undefined) continue;
    const file = toPath(match[1]);
    if (file.startsWith(ownFolder) || file.includes("/node_modules/")) continue;
    return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

function frameOf(file: string, line: number, column: number | undefined): readonly string[] | undefined {
  const lines = readLines(file);
  if (lines[line - 1] === undefined) return undefined;
  const from = Math.max(1, line - 1);
  const digits = String(line).length;
  const frame: string[] = [];
  for (let number = from; number <= line; number++) {
    frame.push(`${String(number).padStart(digits)} | ${(lines[number - 1] ?? "").slice(0, 160)}`);
  }
  if (column !== undefined && column <= 160) {
    // Tabs stay tabs, so that the mark stands under its character whatever their width.
    const before = (lines[line - 1] ?? "").slice(0, column - 1).replace(/[^\t]/g, " ");
    frame.push(`${" ".repeat(digits)} | ${before}^`);
  }
  return frame;
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

function toPath(text: string): string {
  return text.startsWith("file://") ? fileURLToPath(text) : text;
}

function relative(file: string): string {
  const short = path.relative(process.cwd(), file);
  return short === "" || short.startsWith("..") ? file : short;
}
