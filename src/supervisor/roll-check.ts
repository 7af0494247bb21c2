/**
 * Owns asking a build what it is, in a process of its own: whether it is sound, whether the placement fits it, what its
 * contracts promise. It must never import it, nor decide what follows from what breaks.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { compareContracts, type ContractChange, type ContractsFile } from "../contract/compatibility/index.ts";
import { skeinError } from "../errors/index.ts";
import { type Calls, type Differences, gatewayService } from "../system/index.ts";
import { type Build, moduleOf, nodeArgumentsOf } from "./build.ts";
import type { LimitedConnections } from "./roll-connections.ts";
import { environmentOf } from "./settings.ts";
import type { State } from "./state.ts";

/** What is known of a build that was not loaded here. */
export interface Known {
  readonly contracts: ContractsFile;
  readonly calls: Calls;
}

/** And what its hosts may open. */
export interface Inspected extends Known {
  readonly connections: readonly LimitedConnections[];
}

/** For loading every declaration, and for every migration. */
const checkMs = 60_000;
const migrateMs = 600_000;
const outputBytesMax = 64 * 1_048_576;
const shownMax = 3;
export const stopped = "the system is being stopped";
const connectionsCode = "SKEIN_PLACEMENT_CONNECTIONS";

export interface SaidFinding {
  readonly level: string;
  readonly code: string;
  readonly where: string;
  readonly message: string;
  readonly fix?: string;
}

/** What `skein check --json` says, as far as it is of use here. */
interface Said {
  readonly endpoints?: readonly { readonly id: string; readonly http?: string; readonly calls: readonly string[] }[];
  readonly findings?: readonly SaidFinding[];
  readonly connections?: readonly LimitedConnections[] | null;
  readonly error?: { readonly code: string; readonly message: string };
  readonly migrated?: string;
}

/**
 * Runs the build's own `skein check`, which asks the database servers too. Rejects with `SKEIN_ROLL_REFUSED` and what it says, but
 * for its connections: those of two builds count together. `signal` ends the process that is asked.
 */
export async function inspect(build: Build, placement: object, state: State, signal?: AbortSignal): Promise<Inspected> {
  const contractsFile = state.passing("contracts");
  try {
    const {
      endpoints = [],
      findings = [],
      connections,
    } = await check(build, placement, { state, signal }, contractsFile);
    const errors = findings.filter(({ level, code }) => level === "error" && code !== connectionsCode);
    if (errors.length > 0) throw refused(`${path.dirname(build.file)} has ${listed(errors)}`);
    return {
      contracts: JSON.parse(readFileSync(contractsFile, "utf8")) as ContractsFile,
      calls: callsOf(endpoints),
      connections: connections ?? [],
    };
  } finally {
    state.passed(contractsFile);
  }
}

/** What hosts of a build that was not loaded here may open, and what is wrong with it. Rejects as {@link inspect} does. */
export async function countConnections(
  build: Build,
  placement: object,
  state: State,
  signal?: AbortSignal,
): Promise<{ readonly connections: readonly LimitedConnections[]; readonly findings: readonly SaidFinding[] }> {
  const { connections, findings = [] } = await check(build, placement, { state, signal });
  return { connections: connections ?? [], findings: findings.filter(({ code }) => code === connectionsCode) };
}

async function check(build: Build, placement: object, by: Asking, contractsFile?: string): Promise<Said> {
  const { state } = by;
  // Two builds may be asked at once.
  const placementFile = state.passing(contractsFile === undefined ? "counted" : "placement", placement);
  try {
    const args = ["check", build.file, "--json", "--placement", placementFile, "--connect"];
    const said = await run(
      build,
      contractsFile === undefined ? args : [...args, "--write", contractsFile],
      by,
      checkMs,
    );
    const { error } = said;
    if (error !== undefined) {
      const cannot = error.code === "SKEIN_SYSTEM_LOAD" ? "cannot be loaded" : "cannot be checked";
      throw refused(`${build.file} ${cannot}: ${error.message}`);
    }
    return said;
  } finally {
    state.passed(placementFile);
  }
}

/** The databases get what the build needs of them, as `skein start` would see to it. Rejects with `SKEIN_ROLL_REFUSED`. */
export async function migrateTo(build: Build, state: State, signal?: AbortSignal): Promise<void> {
  const { error } = await run(build, ["migrate", build.file, "--json"], { state, signal }, migrateMs);
  if (error !== undefined) throw refused(`its migrations did not run: ${error.message} [${error.code}]`);
}

/** Who may call what; the gateway what has a route. */
export function callsOf(endpoints: NonNullable<Said["endpoints"]>): Calls {
  const calls = new Map<string, readonly string[]>(endpoints.map(({ id, calls: to }) => [id, to]));
  const routed = endpoints.filter(({ http }) => http !== undefined).map(({ id }) => id);
  return calls.set(gatewayService, routed);
}

/** What two builds promise differently, and the same by endpoint, for the order in which they are rolled. */
export function differencesOf(
  before: ContractsFile,
  after: ContractsFile,
): Differences & { readonly all: ContractChange[] } {
  const all = compareContracts(before, after);
  const of = (wanted: ContractChange["level"]) =>
    new Set(
      all
        .filter((one) => (one.isStored ? "skew" : one.level) === wanted)
        .map(({ where }) => where.split(" ", 1)[0] ?? ""),
    );
  const had = new Set(methodsOf(before));
  const added = new Set(methodsOf(after).filter((id) => !had.has(id)));
  return { added, breaking: of("breaking"), skewed: of("skew"), all };
}

function methodsOf({ contracts }: ContractsFile): string[] {
  return Object.entries(contracts).flatMap(([name, { methods }]) =>
    Object.keys(methods).map((key) => `${name}.${key}`),
  );
}

/** A few of them, and how many there are. */
export function listed(what: readonly { readonly where: string; readonly message: string }[]): string {
  const shown = what.slice(0, shownMax).map(({ where, message }) => `${where}: ${message}`);
  const more = what.length > shownMax ? ` (and ${what.length - shownMax} more)` : "";
  return shown.join("; ") + more;
}

/** For whom, and until when: what is asked ends with the system. */
interface Asking {
  readonly state: State;
  readonly signal: AbortSignal | undefined;
}

function run(build: Build, words: readonly string[], { state, signal }: Asking, timeout: number): Promise<Said> {
  const args = [...nodeArgumentsOf(build), moduleOf(build, "cli/bin"), ...words];
  const env = { ...environmentOf({ mayBeAhead: true }), SKEIN_HOME: state.home, NO_COLOR: "1" };
  const options = { cwd: path.dirname(build.file), env, timeout, maxBuffer: outputBytesMax, signal };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (failure, stdout, stderr) => {
      const said = lastLine(stdout);
      if (signal?.aborted === true) return reject(refused(stopped));
      if (said !== undefined) return resolve(said);
      const reason = stderr.trim().split("\n").at(-1) || (failure?.message ?? "it said nothing");
      reject(refused(`skein ${words[0]} of ${build.file} failed: ${reason}`));
    });
  });
}

/** The user's modules may print before. */
function lastLine(stdout: string): Said | undefined {
  try {
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Said;
  } catch {
    return undefined;
  }
}

function refused(detail: string) {
  return skeinError("SKEIN_ROLL_REFUSED", detail);
}
