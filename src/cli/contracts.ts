/**
 * Owns the file of a system's contracts: `skein check --write` keeps it, `--against` compares with one that was kept, in a
 * file or in a commit of git. It must never go through a shell, nor take a reference for an option.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { type ContractsFile, isContractsFile } from "../contract/compatibility/index.ts";
import { skeinError } from "../errors/index.ts";
import { checkContracts } from "../system/check-contracts.ts";
import type { Finding } from "../system/finding.ts";
import { shorten } from "./find-system.ts";
import { writeWhole } from "./write-whole.ts";

const fileName = "contracts.json";
/** Thousands of methods have less. */
const bytesMax = 64 * 1_048_576;
const gitMs = 10_000;

const run = promisify(execFile);

/** Throws `SKEIN_CLI_FAILED`. */
export function writeContracts(contracts: ContractsFile, file: string): void {
  writeWhole(path.resolve(file), `${JSON.stringify(contracts, undefined, 2)}\n`);
}

/** What changed since `given`, a file or a commit that holds one beside the system file. Throws `SKEIN_CONTRACTS_FILE`. */
export async function changesSince(given: string, contracts: ContractsFile, systemFile: string): Promise<Finding[]> {
  const before = await read(given, path.dirname(systemFile));
  return checkContracts(before, contracts);
}

async function read(given: string, directory: string): Promise<ContractsFile> {
  const file = path.resolve(given);
  const isFile = existsSync(file) && statSync(file).isFile();
  const shown = isFile ? shorten(file) : `${fileName} of ${given}`;
  let value: unknown;
  try {
    const text = isFile ? readFileSync(file, "utf8") : await ofCommit(given, directory);
    if (text.length > bytesMax) throw new Error(`it has more than ${bytesMax} characters`);
    value = JSON.parse(text);
  } catch (error) {
    throw skeinError("SKEIN_CONTRACTS_FILE", `${shown} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  if (isContractsFile(value)) return value;
  throw skeinError("SKEIN_CONTRACTS_FILE", `${shown} is no file of contracts that this version knows`);
}

async function ofCommit(reference: string, directory: string): Promise<string> {
  if (reference.startsWith("-")) throw new Error("a reference does not begin with a dash");
  const { stdout } = await run("git", ["show", `${reference}:./${fileName}`], {
    cwd: directory,
    timeout: gitMs,
    maxBuffer: bytesMax,
  });
  return stdout;
}

function reasonOf(error: unknown): string {
  const { stderr } = error as { readonly stderr?: string };
  const text = stderr?.trim() || (error instanceof Error ? error.message : String(error));
  return text.split("\n", 1)[0] ?? "";
}
