/**
 * Owns what may reach a terminal: colour, escaping, the one-line form of an error. It must never let text from outside
 * move the cursor, start a line of its own or change the colour.
 */
import { isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export type Paint = (style: Style, text: string) => string;

/** Paints text, or leaves it as it is. */
export function createPaint(isColoured: boolean): Paint {
  if (!isColoured) return (_style, text) => text;
  return (style, text) => `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m`;
}

/** Colour only where a person looks, and not where NO_COLOR is set to anything. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

// Control characters, the separators that end a line, and the marks that reorder text.
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text on one line, with everything that could act on a terminal written as an escape. */
export function escapeControl(text: string): string {
  return text.replace(unsafe, (char) => {
    if (char === "\n") return "\\n";
    if (char === "\r") return "\\r";
    if (char === "\t") return "\\t";
    const code = char.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** What went wrong, as a program reads it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** Any error as a problem with a code and a fix. */
export function toProblem(error: unknown): Problem {
  const known = isSkeinError(error) ? error : unexpected(error);
  return { code: known.code, message: known.message, fix: known.fix };
}

/** `skein: <what> [<code>]; <fix>`, always one line. */
export function problemLine(problem: Problem, paint: Paint = createPaint(false)): string {
  const { code, message, fix } = problem;
  return `${paint("red", "skein:")} ${escapeControl(message)} ${paint("dim", `[${code}]`)}; ${escapeControl(fix)}`;
}

function unexpected(error: unknown): SkeinError {
  const reason = error instanceof Error ? error.message : String(error);
  return skeinError("SKEIN_CLI_FAILED", `the command failed: ${reason}`, { cause: error });
}
