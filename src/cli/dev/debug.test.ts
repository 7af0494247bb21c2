/** Breakpoints: a real inspector protocol client stops in a handler, at the line as it stands in the source. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DevRun, get, Sample } from "../fixtures/sample.ts";
import { childNodeFlags, childNodeOptions } from "./debug.ts";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

/** A small client of the inspector protocol. */
class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #messages: Message[] = [];
  readonly #waiting: Array<() => void> = [];
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", (event) => {
      this.#messages.push(JSON.parse(String(event.data)) as Message);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    const client = new Inspector(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error(`no debugger at ${url}`)));
    });
    return client;
  }

  async send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return (await this.#take((message) => message.id === id)).result;
  }

  async event(method: string): Promise<unknown> {
    return (await this.#take((message) => message.method === method)).params;
  }

  async #take(isWanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const at = this.#messages.findIndex(isWanted);
      if (at >= 0) return this.#messages.splice(at, 1)[0] as Message;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Not awaited: a process that stands at a breakpoint does not answer, and the test must still end. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** The line `const text = "hello " + name;` of greeter.ts, counted from 0 as the protocol does. */
const handlerLine = 3;

async function stopsInHandler(debuggerUrl: string, url: string): Promise<void> {
  using inspector = await Inspector.connect(debuggerUrl);
  await inspector.send("Runtime.enable");
  await inspector.send("Debugger.enable");
  const set = (await inspector.send("Debugger.setBreakpointByUrl", {
    urlRegex: "greeter\\.ts$",
    lineNumber: handlerLine,
  })) as {
    locations: unknown[];
  };
  assert.equal(set.locations.length, 1, "the breakpoint found its line in the loaded code");
  const answer = get(`${url}/hello/ann`);
  const paused = (await inspector.event("Debugger.paused")) as {
    callFrames: Array<{ functionName: string; url: string; callFrameId: string; location: { lineNumber: number } }>;
  };
  const frame = paused.callFrames[0];
  assert.ok(frame !== undefined);
  assert.deepEqual([frame.functionName, frame.location.lineNumber], ["hello", handlerLine]);
  const value = (await inspector.send("Debugger.evaluateOnCallFrame", {
    callFrameId: frame.callFrameId,
    expression: "name",
  })) as {
    result: { value: string };
  };
  assert.equal(value.result.value, "ann");
  await inspector.send("Debugger.resume");
  assert.equal(await answer, '{"text":"hello ann"}');
}

suite("debugging", { timeout: 60_000 }, () => {
  test("skein dev --inspect: a breakpoint in a handler is hit, also after a reload on the same port", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory, { args: ["--inspect=0"] });
    const door = await dev.next("debugger");
    const { url } = await dev.next("ready");
    await stopsInHandler(door.url, url);
    sample.edit("greeter.ts", '"slow" }', '"slower" }');
    const again = await dev.next("debugger");
    assert.equal(new URL(again.url).port, new URL(door.url).port);
    await stopsInHandler(again.url, url);
  });

  test("node --inspect bin.ts dev: the port is the system's, not the parent's", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory, { nodeFlags: ["--inspect=0"] });
    const door = await dev.next("debugger");
    const { url } = await dev.next("ready");
    await stopsInHandler(door.url, url);
  });

  test("NODE_OPTIONS=--inspect does the same", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory, { env: { NODE_OPTIONS: "--inspect=0" } });
    const door = await dev.next("debugger");
    const { url } = await dev.next("ready");
    await stopsInHandler(door.url, url);
  });

  test("--inspect-brk waits for the debugger before the system is loaded", async () => {
    using sample = new Sample();
    await using dev = new DevRun(sample.directory, { args: ["--inspect-brk=0"] });
    // The child waits in the middle of its turn, so only Node's own line on stderr tells the address.
    await dev.until(() => /listening on ws:\S+/.test(dev.stderr), "the debugger's address");
    const door = /ws:\S+/.exec(dev.stderr)?.[0] ?? "";
    {
      using inspector = await Inspector.connect(door);
      await inspector.send("Runtime.enable");
      await inspector.send("Debugger.enable");
      const runs = inspector.send("Runtime.runIfWaitingForDebugger");
      const paused = (await inspector.event("Debugger.paused")) as { callFrames: Array<{ functionName: string }> };
      await runs;
      assert.equal(paused.callFrames[0]?.functionName, "load", "stopped where the system is about to be loaded");
      await inspector.send("Debugger.resume");
      await dev.next("ready");
    }
  });

  test("flags of the debugger stay out of the child's command line, others pass", () => {
    assert.deepEqual(
      childNodeFlags(["--inspect", "--conditions=x", "--inspect-brk=0", "--inspect-port=1", "--import", "tsx"]),
      ["--conditions=x", "--import", "tsx"],
    );
    assert.equal(childNodeOptions("--inspect=9230 --max-old-space-size=100"), "--max-old-space-size=100");
    assert.equal(childNodeOptions('--require "/a b/c.js"'), '--require "/a b/c.js"');
  });
});
