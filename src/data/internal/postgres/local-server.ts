/**
 * Owns a private PostgreSQL for development and tests: finds the machine's own binaries, makes a directory, starts a
 * server on a unix socket in it. It must never listen on a network, run as root, or touch a server that is not its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { sleep, systemClock } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { parseTarget, type PostgresTarget } from "./url.ts";

const startMsMax = 30_000;
const stopMsMax = 10_000;
const pollMs = 25;
const user = "skein";
/** Only names the socket's file: nothing listens on it. */
const port = 5432;

export interface LocalServer {
  readonly target: PostgresTarget;
  /** The server's process, when it was started here. */
  readonly pid: number | undefined;
  /** Stops the server if it was started here; safe to call twice. */
  close(): Promise<void>;
}

export interface LocalServerPlace {
  /** The state directory of a system. */
  readonly home: string;
  /** In tests: a fresh directory that goes when the server stops, and no fsync. */
  readonly inMemory: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

export async function startLocalServer(place: LocalServerPlace): Promise<LocalServer> {
  const binaries = await findBinaries(place.env);
  const account = process.getuid?.() === 0 ? await findAccount() : undefined;
  const run = await runDirectory(place, account);
  const data = account === undefined && !place.inMemory ? join(place.home, "postgres") : join(run, "data");
  const target = parseTarget(
    `postgresql://${user}@localhost/postgres?host=${encodeURIComponent(run)}&port=${port}`,
    "the local server's URL",
  );
  if (await answers(run)) return { target, pid: undefined, close: () => Promise.resolve() };
  if (!(await exists(join(data, "PG_VERSION")))) {
    await mkdir(data, { recursive: true, mode: 0o700 });
    if (account !== undefined) await chown(data, account.uid, account.gid);
    // Whoever can reach the socket's directory is its owner: there is no password to lose.
    await finish(
      start(
        join(binaries, "initdb"),
        ["-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--no-locale"],
        run,
        account,
      ),
    );
  }
  const durability = place.inMemory ? ["-c", "fsync=off"] : [];
  const settings = [
    "-c",
    "listen_addresses=",
    "-c",
    "unix_socket_permissions=0700",
    "-c",
    "max_connections=100",
    ...durability,
  ];
  const server = start(
    join(binaries, "postgres"),
    ["-D", data, "-k", run, "-p", String(port), ...settings],
    run,
    account,
  );
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= stop(server, ended, place.inMemory ? run : undefined));
  try {
    await untilReady(server, data);
  } catch (error) {
    await close();
    throw error;
  }
  server.unref();
  return { target, pid: server.pid, close };
}

async function stop(server: ChildProcess, ended: Promise<void>, remove: string | undefined): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    server.kill("SIGINT"); // "fast": ends sessions, writes a checkpoint
    const timer = systemClock.after(stopMsMax, () => server.kill("SIGQUIT"));
    await ended;
    timer.cancel();
  }
  if (remove !== undefined) await rm(remove, { recursive: true, force: true });
}

/** The directory that holds `initdb` and `postgres`: on the PATH, or where distributions put them, newest first. */
async function findBinaries(env: LocalServerPlace["env"]): Promise<string> {
  const candidates = (env["PATH"] ?? "").split(delimiter).filter((path) => path !== "");
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  candidates.push(
    ...versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`),
  );
  for (const path of candidates) {
    if ((await exists(join(path, "initdb"))) && (await exists(join(path, "postgres")))) return path;
  }
  throw skeinError(
    "SKEIN_DATA_NO_ENGINE",
    "no DATABASE_URL is set, and no PostgreSQL server is installed on this machine",
  );
}

/** PostgreSQL refuses root, so root gives the server to an account that owns nothing else here. */
async function findAccount(): Promise<Account> {
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const entry = lines.find(([name]) => name === "postgres") ?? lines.find(([name]) => name === "nobody");
  if (entry === undefined) {
    throw skeinError(
      "SKEIN_DATA_NO_ENGINE",
      "PostgreSQL does not run as root, and there is no account postgres or nobody to run it as",
    );
  }
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Short, because the path of a unix socket is limited to some 100 bytes; owned by the server's account, closed to others. */
async function runDirectory(place: LocalServerPlace, account: Account | undefined): Promise<string> {
  const uid = account?.uid ?? process.getuid?.() ?? 0;
  if (place.inMemory) {
    const fresh = await mkdtemp(join(tmpdir(), "skein-pg-"));
    if (account !== undefined) await chown(fresh, account.uid, account.gid);
    return fresh;
  }
  const path = join(tmpdir(), `skein-pg-${createHash("sha256").update(place.home).digest("hex").slice(0, 16)}`);
  try {
    await mkdir(path, { mode: 0o700 });
    if (account !== undefined) await chown(path, account.uid, account.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw skeinError("SKEIN_DATA_NO_ENGINE", `${path} is not a private directory of the account that runs PostgreSQL`);
  }
  return path;
}

function start(program: string, args: readonly string[], cwd: string, account: Account | undefined): ChildProcess {
  return spawn(program, args, {
    cwd,
    stdio: "ignore",
    // Nothing of ours: an environment may hold secrets, and PG* variables would change the server.
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    ...account,
  });
}

async function finish(child: ChildProcess): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code !== 0) throw skeinError("SKEIN_DATA_NO_ENGINE", `initdb ended with code ${code}`);
}

async function untilReady(server: ChildProcess, data: string): Promise<void> {
  const endMs = systemClock.monotonic() + startMsMax;
  let failed: unknown;
  server.once("error", (error) => {
    failed = error;
  });
  while (systemClock.monotonic() < endMs) {
    if (failed !== undefined || server.exitCode !== null) {
      throw skeinError("SKEIN_DATA_NO_ENGINE", `the PostgreSQL server in ${data} ended while starting`, {
        cause: failed,
      });
    }
    // The eighth line of its pid file is how the server tells pg_ctl its state; the first must be this process.
    const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === "ready") return;
    await sleep(systemClock, pollMs);
  }
  throw skeinError(
    "SKEIN_DATA_NO_ENGINE",
    `the PostgreSQL server in ${data} did not start within ${startMsMax / 1000} s`,
  );
}

function answers(run: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(run, `.s.PGSQL.${port}`));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
