/**
 * Leaders that are stopped past their lease, followed by another process, and woken: again and again, wherever they happen to
 * be; then counts. It must never forgive: a number written twice, or a writer that comes back after another, is a violation and exit code 1.
 *
 *   node --conditions=skein-src test/faults/zombies.ts --trials 200 [--postgres] [--lanes 8] [--seed 1] [--json]
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { createSeededRandom } from "../../src/core/index.ts";
import { startLocalServer } from "../../src/data/internal/postgres/local-server.ts";
import { isBlind, laneName, type LaneSays } from "./lease-process.ts";

export interface ZombieOptions {
  readonly trials: number;
  readonly lanes: number;
  readonly seed: number;
  /** PostgreSQL; SQLite without it. The database must be the run's own. */
  readonly databaseUrl?: string;
  readonly log?: (line: string) => void;
}

export interface ZombieReport {
  readonly engine: "sqlite" | "postgres";
  readonly seed: number;
  /** Leaders that were stopped and woken. */
  readonly trials: number;
  /** Of these: their transactions were kept from committing by nothing but the row. */
  readonly blind: number;
  /** Somebody else led and wrote while the old leader was stopped. */
  readonly followed: number;
  /** Nobody could: it was stopped in the middle of a transaction, with SQLite's lock on the file. */
  readonly lockedOut: number;
  /** Transactions of woken leaders that were refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** From the stop to the first write of the next leader. */
  readonly takeoverMs: { readonly median: number; readonly min: number; readonly max: number };
  readonly writes: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

const roundMs = { followed: 6_000, all: 60_000 } as const;

interface Lane {
  is: LaneSays["is"];
  /** How often it was a standby: each time is another life. */
  lives: number;
  /** Since it leads. */
  wrote: number;
  wroteFirstMs: number;
}

/** One of the two, and what it said of each lane. */
class Peer {
  readonly child: ChildProcess;
  readonly lanes: Lane[];
  readonly refused: Record<string, number> = {};
  isWoken = false;

  constructor(home: string, name: string, options: ZombieOptions) {
    this.lanes = Array.from({ length: options.lanes }, () => ({ is: "lost", lives: 0, wrote: 0, wroteFirstMs: 0 }));
    // Where one writer keeps out every other, most stops should be between two transactions.
    const pauses = options.databaseUrl === undefined ? ["2", "40"] : ["60", "5"];
    this.child = fork(new URL("lease-process.ts", import.meta.url), [home, name, String(options.lanes), ...pauses], {
      execArgv: ["--conditions=skein-src"],
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      env: {
        PATH: process.env["PATH"],
        ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
      },
    });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
      this.#hear(JSON.parse(line) as LaneSays),
    );
  }

  #hear({ lane, is, code = "" }: LaneSays): void {
    const state = this.lanes[lane];
    if (state === undefined) return;
    if (is === "wrote" && state.wrote++ === 0) state.wroteFirstMs = performance.now();
    else if (is === "refused" && this.isWoken) this.refused[code] = (this.refused[code] ?? 0) + 1;
    else if (is !== "wrote" && is !== "refused") {
      const lives = state.lives + (is === "standby" ? 1 : 0);
      this.lanes[lane] = { is, lives, wrote: 0, wroteFirstMs: 0 };
    }
  }
}

const isStandby = ({ is }: Lane): boolean => is === "standby";
const hasWritten = ({ is, wrote }: Lane): boolean => is === "leads" && wrote > 0;

async function until(what: string, withinMs: number, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(10);
  }
}

/** Rejects only where the run itself could not go on: what it is about is in the report. */
export async function runZombies(options: ZombieOptions): Promise<ZombieReport> {
  const home = await mkdtemp(path.join(tmpdir(), "skein-zombies-"));
  const startMs = performance.now();
  const peers: Peer[] = [];
  try {
    const first = new Peer(home, "a", options);
    peers.push(first);
    await until("the first one leads", roundMs.all, () => first.lanes.every(hasWritten));
    const second = new Peer(home, "b", options);
    peers.push(second);
    await until("the second one stands by", roundMs.all, () => second.lanes.every(isStandby));
    const found = await rounds(first, second, options);
    for (const { child } of peers) child.kill("SIGKILL");
    const ledgers = await readLedgers(home, options);
    return {
      engine: options.databaseUrl === undefined ? "sqlite" : "postgres",
      seed: options.seed,
      ...found,
      refused: sum(peers.map(({ refused }) => refused)),
      writes: ledgers.reduce((total, rows) => total + rows.length, 0),
      seconds: Math.round((performance.now() - startMs) / 1_000),
      violations: ledgers.flatMap((rows, lane) => violationsOf(laneName(lane), rows)),
    };
  } finally {
    for (const { child } of peers) child.kill("SIGKILL");
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function rounds(first: Peer, second: Peer, options: ZombieOptions) {
  const random = createSeededRandom(options.seed);
  const takeovers: number[] = [];
  let [trials, blind, followed, lockedOut] = [0, 0, 0, 0];
  for (let [old, next] = [first, second]; trials < options.trials; [old, next] = [next, old]) {
    await pause(random.float() * 300);
    process.kill(old.child.pid ?? 0, "SIGSTOP");
    const stoppedMs = performance.now();
    // A woken leader's next life may be faster than the other one, so each may lead in some lanes.
    const ghosts = [...old.lanes.entries()].filter(([, { is }]) => is === "leads");
    const isFollowed = ([lane]: readonly [number, Lane]): boolean => next.lanes.slice(lane, lane + 1).every(hasWritten);
    await until("the next one leads", roundMs.followed, () => ghosts.every(isFollowed)).catch(() => undefined);
    const led = ghosts.filter(isFollowed);
    takeovers.push(...led.map(([lane]) => (next.lanes[lane]?.wroteFirstMs ?? NaN) - stoppedMs));
    followed += led.length;
    lockedOut += ghosts.length - led.length;
    trials += ghosts.length;
    blind += ghosts.filter(([lane]) => isBlind(lane)).length;
    old.isWoken = true;
    process.kill(old.child.pid ?? 0, "SIGCONT");
    // What it had begun has ended by then, and it has begun anew.
    const isReborn = ([lane, { lives }]: readonly [number, Lane]): boolean => (old.lanes[lane]?.lives ?? 0) > lives;
    await until("the old one begins anew", roundMs.all, () => ghosts.every(isReborn));
    old.isWoken = false;
    await until("somebody leads everywhere", roundMs.all, () =>
      old.lanes.every((lane, index) => [lane, next.lanes[index] ?? lane].some(hasWritten)),
    );
    options.log?.(`${trials} stopped, ${followed} followed`);
  }
  return { trials, blind, followed, lockedOut, takeoverMs: spread(takeovers) };
}

interface Row {
  readonly n: number;
  readonly writer: string;
}

/** Each number once and none missing; each life of a writer in one piece. */
function violationsOf(lane: string, rows: readonly Row[]): string[] {
  const found: string[] = [];
  const over = new Set<string>();
  for (const [index, { n, writer }] of rows.entries()) {
    if (n !== index + 1) found.push(`${lane}: ${n} by ${writer} where ${index + 1} should be`);
    const before = rows[index - 1]?.writer;
    if (before !== undefined && before !== writer) over.add(before);
    if (over.has(writer)) found.push(`${lane}: ${writer} wrote ${n} after another had led`);
  }
  return found.slice(0, 10);
}

function readLedgers(home: string, { databaseUrl, lanes }: ZombieOptions): Promise<Row[][]> {
  const names = Array.from({ length: lanes }, (_, lane) => laneName(lane));
  return Promise.all(
    names.map(async (name) => {
      if (databaseUrl === undefined) {
        using file = new DatabaseSync(path.join(home, "data", `${name}.sqlite`));
        return file.prepare("select n, writer from ledger order by n, rowid").all() as unknown as Row[];
      }
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      try {
        return (await client.query<Row>(`select n, writer from "${name}".ledger order by n`)).rows;
      } finally {
        await client.end();
      }
    }),
  );
}

function spread(values: readonly number[]) {
  const sorted = values.map(Math.round).toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [code, count] of counts.flatMap(Object.entries)) total[code] = (total[code] ?? 0) + (count as number);
  return total;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      trials: { type: "string", default: "200" },
      lanes: { type: "string", default: "8" },
      seed: { type: "string", default: "1" },
      postgres: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const server = values.postgres
    ? await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env })
    : undefined;
  try {
    const report = await runZombies({
      trials: Number(values.trials),
      lanes: Number(values.lanes),
      seed: Number(values.seed),
      ...(server !== undefined && { databaseUrl: server.target.connectionString.reveal() }),
      log: (line) => void process.stderr.write(`${line}\n`),
    });
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, undefined, 2)}\n`);
    if (report.violations.length > 0) process.exitCode = 1;
  } finally {
    await server?.close();
  }
}
