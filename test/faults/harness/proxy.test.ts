/** The proxy that is a bad network: what arrives, when, in what order, and what nobody hears of. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { createSeededRandom } from "../../../src/core/index.ts";
import { FaultProxy, type Link } from "./proxy.ts";

const isLinux = process.platform === "linux";

class Bench {
  readonly proxy: FaultProxy;
  readonly #server: Server;
  /** The sides that answer, in the order in which they came. */
  readonly answering: Socket[] = [];
  readonly port: number;
  readonly #arrived: (() => void)[] = [];

  constructor(proxy: FaultProxy, server: Server, port: number) {
    this.proxy = proxy;
    this.#server = server;
    this.port = port;
    server.on("connection", (socket) => {
      socket.on("error", () => undefined);
      this.answering.push(socket);
      for (const told of this.#arrived.splice(0)) told();
    });
  }

  static async open(): Promise<Bench> {
    const proxy = await FaultProxy.open(createSeededRandom("proxy"));
    const [, first = "", last = ""] = /:(\d+)-(\d+)$/.exec(proxy.env["SKEIN_PEERS_LISTEN"] ?? "") ?? [];
    for (let port = Number(first); port <= Number(last); port++) {
      const server = createServer({ allowHalfOpen: true });
      const isBound = await new Promise<boolean>((resolve) => {
        server.once("error", () => resolve(false));
        server.listen(port, "127.0.0.1", () => resolve(true));
      });
      if (isBound) return new Bench(proxy, server, port);
    }
    throw new Error("no port is free");
  }

  /** A connection through the proxy, and the other end of it. */
  async pair(): Promise<{ caller: Socket; callee: Socket }> {
    const before = this.answering.length;
    const caller = connect({ host: "127.0.0.2", port: this.port, allowHalfOpen: true });
    caller.on("error", () => undefined);
    while (this.answering.length === before) await new Promise<void>((resolve) => this.#arrived.push(resolve));
    return { caller, callee: this.answering[before] as Socket };
  }

  async close(): Promise<void> {
    for (const socket of this.answering) socket.destroy();
    await this.proxy.close();
    this.#server.close();
  }
}

/** Resolves with so many bytes of what comes. */
async function bytesOf(socket: Socket, count: number): Promise<string> {
  let text = "";
  while (text.length < count) {
    const part = socket.read() as Buffer | null;
    if (part === null) await once(socket, "readable");
    else text += part.toString("latin1");
  }
  return text;
}

describe("the proxy", { skip: isLinux ? false : "127.0.0.2 and /proc are Linux's" }, async () => {
  const bench = await Bench.open();
  after(() => bench.close());
  const { proxy } = bench;

  test("carries both ways, ends too, and knows who calls", async () => {
    const { caller, callee } = await bench.pair();
    caller.write("question");
    assert.equal(await bytesOf(callee, 8), "question");
    assert.deepEqual(proxy.links.at(-1), { caller: process.pid, port: bench.port } satisfies Link);
    callee.end("answer");
    assert.equal(await bytesOf(caller, 6), "answer");
    caller.end();
    callee.resume();
    await once(callee, "end");
  });

  test("a delay keeps the order and comes on top of the way, also for the end", async () => {
    const { caller, callee } = await bench.pair();
    proxy.apply(() => ({ delay: { delayMs: 60, jitterMs: 40 } }));
    const startMs = performance.now();
    const sent = Array.from({ length: 40 }, (_, index) => `${index};`);
    for (const one of sent) {
      caller.write(one);
      await new Promise((resolve) => setImmediate(resolve));
    }
    caller.end();
    const whole = sent.join("");
    assert.equal(await bytesOf(callee, whole.length), whole);
    assert.ok(performance.now() - startMs >= 20);
    callee.resume();
    if (!callee.readableEnded) await once(callee, "end");
    proxy.heal();
    callee.destroy();
  });

  test("one-way cuts: the other direction goes on, and healing brings what was held back", async () => {
    const { caller, callee } = await bench.pair();
    for (const [cut, from, to] of [
      ["caller", caller, callee],
      ["callee", callee, caller],
    ] as const) {
      proxy.apply(({ port }) => (port === bench.port ? { cut } : undefined));
      from.write("lost?");
      to.write("still here");
      assert.equal(await bytesOf(from, 10), "still here");
      assert.equal(to.read(), null);
      proxy.heal();
      assert.equal(await bytesOf(to, 5), "lost?");
    }
    caller.destroy();
  });

  test("cut both ways, nobody hears that the other has ended until it is healed", async () => {
    const { caller, callee } = await bench.pair();
    proxy.apply(() => ({ cut: "both" }));
    let hasEnded = false;
    callee.on("end", () => (hasEnded = true)).resume();
    caller.destroy();
    // A connection that is made meanwhile is not answered either.
    const late = await bench.pair();
    late.callee.write("hello");
    assert.equal(late.caller.read(), null);
    assert.equal(hasEnded, false);
    proxy.heal();
    await once(callee, "end");
    assert.equal(await bytesOf(late.caller, 5), "hello");
    late.caller.destroy();
  });

  test("what is held back has a limit: the sender is not read any more", async () => {
    const { caller, callee } = await bench.pair();
    proxy.apply(() => ({ cut: "caller" }));
    const block = Buffer.alloc(1_048_576);
    let written = 0;
    while (written < 64 * block.length && (caller.write(block) || (await drained(caller)))) written += block.length;
    // 8 MiB in the proxy, the rest in the kernel's buffers of two sockets.
    assert.ok(written < 64 * block.length, `${written} bytes`);
    proxy.heal();
    callee.resume();
    caller.end();
    await once(callee, "end");
    assert.ok(callee.bytesRead > written);
  });

  test("refused, and nobody there: the connection is reset", async () => {
    proxy.apply(() => ({ isRefused: true }));
    const refused = connect({ host: "127.0.0.2", port: bench.port });
    assert.equal(((await once(refused, "error")) as [NodeJS.ErrnoException])[0].code, "ECONNRESET");
    proxy.heal();
    const [, last = ""] = /-(\d+)$/.exec(proxy.env["SKEIN_PEERS_LISTEN"] ?? "") ?? [];
    const nobody = connect({ host: "127.0.0.2", port: Number(last) });
    assert.equal(((await once(nobody, "error")) as [NodeJS.ErrnoException])[0].code, "ECONNRESET");
  });
});

/** False once it has not drained for as long as a drain could take: the other side reads no more. */
async function drained(socket: Socket): Promise<boolean> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), 300);
  try {
    await once(socket, "drain", { signal: patience.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
