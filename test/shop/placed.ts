/** Starts a system in processes of its own with `skein start`, on a placement. It must never leave one behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { RunningShop } from "../../examples/shop/shop.e2e.ts";
import { systemClock } from "../../src/core/index.ts";
import { askStatus, State, type Status } from "../../src/supervisor/asking.ts";

const root = path.join(import.meta.dirname, "../..");
const shop = path.join(root, "examples/shop/system.ts");
/** What runs a system: the sources, as they are. */
let skein: readonly string[] = ["--conditions=skein-src", path.join(root, "src/cli/bin.ts")];
const readyMs = 180_000;
const commandMs = 90_000;
/** `place` and `roll`: ten processes that start one after the other, at a low priority, beside customers. */
const changeMs = 300_000;
const changes = ["place", "roll"];

/** From here on systems run from `dist/`, as users have it. It has to be there. */
export function runBuilt(): void {
  skein = [path.join(root, "dist/cli/bin.js")];
}

export interface Placed extends RunningShop {
  readonly home: string;
  /** The process of `skein start` that runs now. */
  readonly supervisor: ChildProcess;
  status(): Promise<Status>;
  /** Runs `skein start` again on what is there; resolves once everything is ready. */
  restart(): Promise<void>;
  /** What every supervisor so far has written. */
  readonly log: string;
  /** Runs `skein place`; resolves with what it printed. */
  place(...args: readonly string[]): Promise<string>;
  /** Runs `skein roll`; resolves with what it printed. */
  roll(directory: string, ...args: readonly string[]): Promise<string>;
  /** Runs `skein stop`. */
  stop(): Promise<void>;
  /** Removes its directory, and what should not run any more. */
  clear(): Promise<void>;
}

export type PlacedShop = Placed;

/** `placement` names a file of the shop's `placements/`. */
export function startPlacedShop(placement: string, env: Record<string, string> = {}): Promise<Placed> {
  return startPlaced(shop, path.join(root, `examples/shop/placements/${placement}.json`), env);
}

/** `system` and `file` are files; without a `home` one is made. It goes with the processes. */
export async function startPlaced(
  system: string,
  file: string,
  env: Record<string, string> = {},
  at?: string,
): Promise<Placed> {
  const home = at ?? (await mkdtemp(path.join(tmpdir(), "skein-placed-")));
  const environment = { ...process.env, ...env, SKEIN_HOME: home, NO_COLOR: "1" };
  const args = ["start", system, "--placement", file, "--mode", "development", "--port", "0", "--json"];
  const noise: string[] = [];
  let current: { readonly child: ChildProcess; readonly url: string };
  try {
    current = await startProcess(args, environment, home, noise);
  } catch (error) {
    await clear(home);
    throw error;
  }
  const stop = async (): Promise<void> => {
    try {
      await run(["stop", system], environment);
    } catch (error) {
      throw new Error(await logsOf(home), { cause: error });
    }
  };
  return {
    get url() {
      return current.url;
    },
    home,
    get supervisor() {
      return current.child;
    },
    status() {
      return askStatus(new State(home), systemClock);
    },
    async restart() {
      current = await startProcess(args, environment, home, noise);
    },
    get log() {
      return noise.join("");
    },
    place: (...words) => run(["place", system, ...words, "--json"], environment),
    roll: (directory, ...words) => run(["roll", directory, system, ...words, "--json"], environment),
    stop,
    clear: () => clear(home),
    async close() {
      try {
        await stop();
      } finally {
        current.child.kill("SIGKILL");
        await clear(home);
      }
    },
  };
}

/** Processes of a placed system, whoever their parent is: their settings name its home. */
export function processesOf(home: string): { readonly pid: number; readonly id: string }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const line = readFileSync(path.join("/proc", name, "cmdline"), "utf8");
      if (!line.includes(home)) return [];
      const id = /"id":"([^"]+)"/.exec(line)?.[1] ?? (line.includes("holder-main") ? "holder" : "other");
      return [{ pid: Number(name), id }];
    } catch {
      return [];
    }
  });
}

/** After a test that failed too nothing may stay behind. */
async function clear(home: string): Promise<void> {
  if (process.platform === "linux") for (const { pid } of processesOf(home)) process.kill(pid, "SIGKILL");
  await rm(home, { recursive: true, maxRetries: 5 });
}

async function startProcess(args: readonly string[], env: NodeJS.ProcessEnv, home: string, noise: string[]) {
  const child = spawn(process.execPath, [...skein, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => noise.push(text));
  const ready = Promise.withResolvers<string>();
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(line);
    const event = JSON.parse(line) as { readonly event: string } & Status;
    if (event.event === "ready") ready.resolve(event.gateway?.url ?? "");
  });
  child.once("exit", (code) =>
    ready.reject(new Error(`skein start ended with ${code}: ${said.join("\n")}\n${noise.join("")}`)),
  );
  const limit = setTimeout(() => ready.reject(new Error(`not ready within ${readyMs} ms: ${noise.join("")}`)), readyMs);
  try {
    return { child, url: await ready.promise };
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`${noise.join("")}\n${await logsOf(home)}`, { cause: error });
  } finally {
    clearTimeout(limit);
  }
}

async function logsOf(home: string): Promise<string> {
  const directory = path.join(home, "run/logs");
  const names = await readdir(directory).catch(() => []);
  const logs = names.map(
    async (name) => `--- ${name}\n${(await readFile(path.join(directory, name), "utf8")).slice(-2_000)}`,
  );
  return (await Promise.all(logs)).join("\n");
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [...skein, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let noise = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (noise += chunk));
  const limit = setTimeout(() => child.kill("SIGKILL"), changes.includes(args[0] ?? "") ? changeMs : commandMs);
  return new Promise((resolve, reject) =>
    child.once("close", (code) => {
      clearTimeout(limit);
      if (code === 0) resolve(text);
      else reject(new Error(`skein ${args[0]} ended with ${code}: ${noise}${text}`));
    }),
  );
}
