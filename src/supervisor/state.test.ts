/** Owns what a state directory promises. It must never look at how its files are written. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { identify, isRunning, signal } from "./process-identity.ts";
import { State } from "./state.ts";

const homes: string[] = [];
after(() => homes.forEach((home) => rmSync(home, { recursive: true })));

function fresh(): State {
  const home = mkdtempSync(path.join(tmpdir(), "skein-state-"));
  homes.push(home);
  const state = new State(home);
  state.open();
  return state;
}

const identity = identify(process.pid) ?? assert.fail("this process runs");
const record = { id: "orders-1", group: "orders", replica: 1, services: ["orders"], identity, socket: "" };
const told = { isReady: true, isRetired: false, startedAt: 0, restarts: 0 };

test("routes are kept whole, each under a greater number, also for the next supervisor", () => {
  const state = fresh();
  assert.equal(state.routes(), undefined);
  assert.equal(state.publish({}).epoch, 1);
  const groups = { front: { services: ["cart"], addresses: ["/a"] } };
  assert.equal(new State(state.home).publish(groups).epoch, 2);
  assert.deepEqual(state.routes(), { epoch: 2, groups });
  assert.deepEqual(
    readdirSync(path.join(state.home, "run")).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("a write that has no room for all of it fails, and leaves what was there", () => {
  const state = fresh();
  const routes = state.publish({ front: { services: ["cart"], addresses: ["/a"] } });
  // A limit of the system's own: what a disk takes that is nearly full is as short, and no error either.
  const publishing = `
    const { State } = await import(${JSON.stringify(path.join(import.meta.dirname, "state.ts"))});
    const addresses = Array.from({ length: 20_000 }, (_, i) => "/" + i);
    try {
      new State(${JSON.stringify(state.home)}).publish({ front: { services: ["cart"], addresses } });
    } catch ({ code }) {
      console.log(code);
    }`;
  const node = [process.execPath, "--conditions=skein-src", "--input-type=module", "--eval", publishing];
  const { stdout } = spawnSync("sh", ["-c", 'ulimit -f 8; exec "$@"', "sh", ...node], { encoding: "utf8" });
  assert.deepEqual(state.routes(), routes);
  assert.equal(stdout.trim(), "SKEIN_STATE_FAILED");
});

test("routes that are lost or cut short do not begin again: hosts have heard greater numbers", () => {
  const file = (state: State) => path.join(state.home, "run/routes.json");
  const damages: readonly ((state: State) => void)[] = [
    (state) => truncateSync(file(state), 5),
    (state) => truncateSync(file(state)),
    (state) => writeFileSync(file(state), "{}"),
    (state) => {
      state.write({ ...record, ...told });
      rmSync(file(state));
    },
  ];
  for (const damage of damages) {
    const state = fresh();
    for (let i = 0; i < 9; i++) state.publish({});
    damage(state);
    assert.equal(state.routes(), undefined);
    const { epoch } = new State(state.home).publish({});
    assert.ok(epoch > 9 && Number.isSafeInteger(epoch), String(epoch));
    assert.equal(new State(state.home).publish({}).epoch, epoch + 1);
  }
});

test("one start at a time: a second process is refused until the first has ended, killed or not", async () => {
  const state = fresh();
  const module = path.join(import.meta.dirname, "state.ts");
  const claiming = (then: string) => [
    "--conditions=skein-src",
    "--input-type=module",
    "--eval",
    `const { State } = await import(${JSON.stringify(module)});
     const state = new State(${JSON.stringify(state.home)});
     console.log(state.claim());
     ${then}`,
  ];
  // A state that nobody has any more is collected, and its lock with it.
  const first = spawn(process.execPath, claiming("setInterval(() => state, 1_000);"), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [answer] = (await once(first.stdout, "data")) as [Buffer];
    assert.equal(answer.toString().trim(), "true");
    assert.equal(state.claim(), false);
    first.kill("SIGKILL");
    await once(first, "exit");
    assert.equal(state.claim(), true);
    assert.equal(spawnSync(process.execPath, claiming("state.release();")).stdout.toString().trim(), "false");
    state.release();
  } finally {
    first.kill("SIGKILL");
  }
});

test("a process removes its own record, and none that came after it", () => {
  const state = fresh();
  const socket = state.newSocketOf("orders-1");
  assert.notEqual(socket, state.newSocketOf("orders-1"));
  state.write({ ...record, ...told, socket });
  state.remove("orders-1", process.pid + 1);
  assert.equal(state.host("orders-1")?.isReady, true);
  state.remove("orders-1", process.pid);
  assert.equal(state.host("orders-1"), undefined);
});

test("the token stays while a process of the system runs, and is another one at the next start after all have ended", () => {
  const state = fresh();
  const start = () => {
    const next = new State(state.home);
    assert.equal(next.claim(), true);
    const token = next.token();
    next.release();
    return token;
  };
  // Whoever asks for it before a start.
  const first = state.token();
  const second = start();
  assert.notEqual(second, first);
  const ofHost = (start: string) => ({ ...record, identity: { ...identity, start }, ...told });
  state.write(ofHost(identity.start));
  assert.equal(start(), second);
  // Killed with its supervisor, so that nobody has removed its record.
  state.write(ofHost("1"));
  const third = start();
  assert.notEqual(third, second);
  state.write({ ...ofHost(identity.start), id: "holder", isRetired: true });
  assert.equal(start(), third);
});

test("a path of a socket is short enough also below a deep directory", () => {
  const state = new State(path.join(tmpdir(), "x".repeat(200)));
  assert.ok(Buffer.byteLength(state.newSocketOf(`${"g".repeat(32)}-64`)) < 108);
});

test("sockets that are in the shared temporary directory are in one that is ours, closed to others and no link", () => {
  const home = path.join(homes[0] ?? assert.fail("a home"), "x".repeat(60));
  const { sockets } = new State(home);
  const refused = (wrong: RegExp) => {
    for (const use of [() => new State(home).open(), () => new State(home).control])
      assert.throws(use, { code: "SKEIN_STATE_UNSAFE", message: wrong });
    assert.equal(existsSync(home), false, "nothing was made");
  };
  try {
    assert.match(path.basename(sockets), new RegExp(`^skein-${process.getuid?.() ?? 0}-`));
    assert.throws(() => new State(home).control, { code: "SKEIN_STATE_UNSAFE", message: /is not there/ });
    mkdirSync(sockets);
    chmodSync(sockets, 0o777);
    refused(/is open to others: its mode is 0777/);
    rmSync(sockets, { recursive: true });
    symlinkSync(home, sockets);
    refused(/is a link/);
    rmSync(sockets);
    // Whoever may give a directory away can show that somebody else's is refused.
    if (process.getuid?.() === 0) {
      mkdirSync(sockets, { mode: 0o700 });
      chownSync(sockets, 12_345, 12_345);
      refused(/belongs to user 12345/);
      rmSync(sockets, { recursive: true });
    }
    for (let i = 0; i < 2; i++) new State(home).open();
    assert.equal(new State(home).control, path.join(sockets, "supervisor.sock"));
  } finally {
    rmSync(sockets, { recursive: true, force: true });
  }
});

test("a number that another process has now is not the process that was meant", () => {
  assert.equal(isRunning(identity), true);
  for (const other of [
    { ...identity, start: "1" },
    { ...identity, boot: "another" },
  ]) {
    assert.equal(isRunning(other), false);
    assert.equal(signal(other, "SIGKILL"), false);
  }
});
