/**
 * Starts the example: the hosts by `skein start`, and the service in Python beside them, as an init system or a container
 * would. Both end with it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";

const { PORT = "4000", SKEIN_PEERS_HTTP = "4100", SCORES_PORT = "4200" } = process.env;
const here = import.meta.dirname;
const bin = path.join(here, "../../src/cli/bin.ts");
const token = randomBytes(32).toString("hex");

const python = spawn("python3", ["-uB", path.join(here, "scores.py")], {
  env: {
    ...process.env,
    PORT: SCORES_PORT,
    SKEIN_URL: `http://127.0.0.1:${SKEIN_PEERS_HTTP}`,
    SKEIN_TOKEN: token,
  },
  stdio: "inherit",
});
const placement = path.join(here, "placements/split.json");
const hosts = spawn(
  process.execPath,
  [...process.execArgv, bin, "start", path.join(here, "system.ts"), "--placement", placement],
  {
    env: {
      ...process.env,
      PORT,
      SKEIN_PEERS_HTTP,
      SCORES_URL: `http://127.0.0.1:${SCORES_PORT}`,
      SCORES_TOKEN: token,
    },
    stdio: "inherit",
  },
);

python.on("error", (error) => {
  process.stderr.write(`python3 could not be started: ${error.message}\n`);
  end(hosts, 1);
});
python.on("exit", () => end(hosts, 1));
hosts.on("exit", (code) => end(python, code ?? 1));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => hosts.kill("SIGTERM"));

/** One without the other is no example. */
function end(other: ChildProcess, code: number): void {
  process.exitCode ??= code;
  if (other.exitCode === null) other.kill("SIGTERM");
}
