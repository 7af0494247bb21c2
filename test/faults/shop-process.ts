/**
 * Owns `npm start` as a person runs it, in a process group of its own: start, kill -9 of the whole group, start again.
 * Must never end a process that it did not start.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../../src/core/index.ts";

const root = new URL("../../", import.meta.url).pathname;
const startMsMax = 60_000;
const probeEveryMs = 10;

export interface ShopProcess {
  readonly url: string;
  /** From each spawn to the first answered request, in milliseconds. */
  readonly startsMs: readonly number[];
  /** Starts that ended by themselves before anybody killed them, with what they printed last. */
  readonly failures: readonly string[];
  /** Spawns and resolves at the first answer. */
  start(): Promise<void>;
  /** Spawns, and kills the group after so many milliseconds, whether or not it has come to an answer. */
  startAndKill(afterMs: number): Promise<void>;
  /** kill -9 of the whole group; resolves when its leader is gone. */
  kill(): Promise<void>;
}

export function createShopProcess(port: number, env: Readonly<Record<string, string>>): ShopProcess {
  const url = `http://127.0.0.1:${port}`;
  const startsMs: number[] = [];
  const failures: string[] = [];
  let current:
    | { readonly child: ChildProcess; readonly ended: Promise<void>; printed: string; killed: boolean }
    | undefined;

  function launch(): NonNullable<typeof current> {
    const { DATABASE_URL: _, NODE_TEST_CONTEXT: __, NODE_OPTIONS: ___, ...rest } = process.env;
    // Detached: a process group of its own, so that npm, its shell, skein and its child all die by one signal.
    const child = spawn("npm", ["start", "--silent"], {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...rest, ...env, PORT: String(port) },
    });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const started = { child, ended, printed: "", killed: false };
    const keep = (chunk: Buffer): void => {
      started.printed = (started.printed + chunk.toString()).slice(-2_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("exit", () => {
      if (!started.killed) failures.push(started.printed);
    });
    return started;
  }

  async function kill(): Promise<void> {
    if (current === undefined) return;
    current.killed = true;
    const { pid } = current.child;
    if (pid !== undefined && current.child.exitCode === null) process.kill(-pid, "SIGKILL");
    await current.ended;
  }

  return {
    url,
    startsMs,
    failures,
    async start() {
      const beganMs = performance.now();
      for (;;) {
        current = launch();
        const { child } = current;
        while (child.exitCode === null && performance.now() - beganMs < startMsMax) {
          if (await answers(`${url}/orders?limit=1`)) {
            startsMs.push(performance.now() - beganMs);
            return;
          }
          await delay(probeEveryMs);
        }
        if (performance.now() - beganMs >= startMsMax) {
          throw new Error(`npm start gave no answer in ${startMsMax / 1000} s: ${current.printed}`);
        }
      }
    },
    async startAndKill(afterMs) {
      current = launch();
      await delay(afterMs);
      await kill();
    },
    kill,
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/**
 * A port that is free now and lies below the range clients are given ports from: there, while the server is down, a
 * client could be connected to itself, or take the port.
 */
export async function freePort(random: Random): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + random.int(12_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error("no free port from 20,000 to 31,999");
}
