/** Owns a Python process that answers calls, for tests. It must never be mocked: the point is that it is another language. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";

export const token = "a-token-that-only-the-test-knows-0123456789";

/** A port that was free a moment ago: who is called has to be known before it runs. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Says loudly that there is no Python, instead of passing without it. */
export function assertPython(): void {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
  } catch {
    assert.fail("these tests need python3, standard library only: apt-get install python3");
  }
}

export class Python {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Map<string, () => void>();
  stderr = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.#lines.push(line);
      this.#waiting.get(line)?.();
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
  }

  /** `script` is relative to this file. */
  static async start(script: string, port: number, url: string, given = token): Promise<Python> {
    const child = spawn("python3", ["-uB", path.resolve(import.meta.dirname, script)], {
      env: { PATH: process.env["PATH"], PORT: String(port), SKEIN_URL: url, SKEIN_TOKEN: given },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const python = new Python(child);
    const ended = once(child, "exit").then(() => assert.fail(`python ended at once: ${python.stderr}`));
    await Promise.race([python.says(`scores answers on http://127.0.0.1:${port}`), ended]);
    ended.catch(() => undefined);
    return python;
  }

  /** Resolves when it has printed this line. */
  says(line: string): Promise<void> {
    if (this.#lines.includes(line)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(line, resolve));
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
