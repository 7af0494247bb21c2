/**
 * Owns one run of the command line: parse, call, and say what went wrong. It must never know what a command does, and
 * never let an error out as a stack.
 */
import { readFileSync } from "node:fs";
import { isSkeinError } from "../errors/index.ts";
import { commands } from "./commands.ts";
import { printHelp } from "./help.ts";
import { parse } from "./parse.ts";
import { createPaint, problemLine, toProblem, wantsColour } from "./terminal.ts";

/** Runs one command line (without `node` and the script) and resolves with its exit code: 0, 1 or 2. */
export async function main(argv: readonly string[]): Promise<number> {
  // Known before parsing, so that a mistake in the rest is still answered in JSON.
  const isJson = argv.includes("--json");
  ignoreClosedOutput();
  try {
    const given = parse(argv, commands);
    if (given.options["help"] === true) printHelp(given.command, commands, isJson);
    else if (given.command !== undefined) return await given.command.run(given);
    else if (given.options["version"] === true) printVersion(isJson);
    else printHelp(undefined, commands, isJson);
    return 0;
  } catch (error) {
    const problem = toProblem(error);
    if (isJson) process.stdout.write(`${JSON.stringify({ error: problem })}\n`);
    else process.stderr.write(`${problemLine(problem, createPaint(wantsColour(process.stderr)))}\n`);
    if (process.env["SKEIN_DEBUG"] !== undefined && !isSkeinError(error)) console.error(error);
    return problem.code === "SKEIN_CLI_USAGE" ? 2 : 1;
  }
}

function printVersion(isJson: boolean): void {
  // The package's own file, two folders up both in the sources and in the build.
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const version = { skein: manifest.version, node: process.version.slice(1) };
  process.stdout.write(isJson ? `${JSON.stringify(version)}\n` : `skein ${version.skein} (Node ${version.node})\n`);
}

/** `skein ... | head` ends the reader first: that is not an error of ours. */
function ignoreClosedOutput(): void {
  const ignore = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error;
  };
  process.stdout.on("error", ignore);
  process.stderr.on("error", ignore);
}
