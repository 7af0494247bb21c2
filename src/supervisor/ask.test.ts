/** Owns what a command line says of a supervisor that hangs, and how it ends what a dead one has left. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { createVirtualClock, type VirtualClock } from "../core/index.ts";
import { askPlace } from "./ask-place.ts";
import { askStatus, askStop } from "./ask.ts";
import { identify } from "./process-identity.ts";
import { State } from "./state.ts";

let home: string;
let state: State;
let clock: VirtualClock;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "skein-ask-"));
  state = new State(home);
  state.open();
  clock = createVirtualClock();
});
afterEach(() => rmSync(home, { recursive: true }));

test("a supervisor that runs and does not answer is told from none", async () => {
  const own = identify(process.pid) ?? assert.fail("this process runs");
  state.supervisor = { identity: own, file: "" };
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => sockets.push(socket.resume())).listen(state.control);
  await once(server, "listening");
  try {
    const asking = [
      () => askStatus(state, clock),
      () => askStop(state, clock, 60_000),
      () => askPlace(state, clock, { services: { a: "b" } }, true, () => undefined),
    ];
    for (const ask of asking) {
      const heard = once(server, "connection");
      const silent = assert.rejects(ask(), {
        code: "SKEIN_SUPERVISOR_SILENT",
        message: `process ${process.pid} runs the system of ${home} and does not answer`,
      });
      await heard;
      // Told at once where it hangs: not after what a placement may take.
      await clock.advance(3_000);
      await silent;
    }
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test("without a supervisor, what hangs is ended by force after 30 s, the others as they are asked to", async () => {
  const [hung, gentle] = [await started("process.on('SIGTERM', () => undefined);"), await started("")];
  try {
    keep("front-1", hung);
    keep("orders-1", gentle);
    const ended = once(hung, "exit");
    const stopped = askStop(state, clock, 60_000);
    await once(gentle, "exit");
    await clock.advance(29_900);
    assert.equal(hung.exitCode ?? hung.signalCode, null);
    await clock.advance(200);
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    await clock.advance(100);
    await stopped;
    assert.deepEqual(state.hosts(), []);
  } finally {
    hung.kill("SIGKILL");
    gentle.kill("SIGKILL");
  }
});

test("without a supervisor, and where nothing can be written: what runs is ended all the same", async () => {
  const host = await started("");
  try {
    keep("orders-1", host);
    // In the way of whoever writes the record.
    mkdirSync(path.join(home, "run/hosts", `orders-1.json.${process.pid}.tmp`));
    const ended = once(host, "exit");
    const stopped = askStop(state, clock, 60_000);
    assert.deepEqual(await ended, [null, "SIGTERM"]);
    await clock.advance(100);
    await stopped;
  } finally {
    host.kill("SIGKILL");
  }
});

async function started(code: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--eval", `${code} setInterval(() => {}, 1_000); console.log("up");`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

function keep(id: string, { pid }: ChildProcess): void {
  const identity = identify(pid ?? -1) ?? assert.fail("it runs");
  const record = { id, group: id, replica: 1, services: ["a"], identity, socket: "" };
  state.write({ ...record, isReady: true, isRetired: false, startedAt: 0, restarts: 0 });
}
