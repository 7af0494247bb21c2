/** Owns how long a stranger may take over a request. It must never need more than the limits themselves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import { listenEcho, token } from "./fixtures/setup.ts";

async function secondsUntilCut(port: number, start: string, every: string): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined).resume();
  const startMs = performance.now();
  socket.write(start);
  const drip = setInterval(() => socket.write(every), 1_000);
  await once(socket, "close");
  clearInterval(drip);
  return (performance.now() - startMs) / 1_000;
}

test("a head or a body that drips is cut off, and others are answered meanwhile", { timeout: 40_000 }, async () => {
  const { listener, port, calls } = await listenEcho();
  const head = `POST /orders/echo HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n`;
  const rest = `authorization: Bearer ${token.reveal()}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`;
  const [slowHead, slowBody, answer] = await Promise.all([
    secondsUntilCut(port, head, "x"),
    secondsUntilCut(port, head + rest, " "),
    fetch(`http://127.0.0.1:${port}/orders/echo`, {
      method: "POST",
      headers: { authorization: `Bearer ${token.reveal()}`, "content-type": "application/json" },
      body: "1",
    }),
  ]);
  assert.ok(slowHead < 10, `${slowHead} s`);
  assert.ok(slowBody < 15, `${slowBody} s`);
  assert.equal(await answer.text(), "1");
  assert.equal(calls.length, 1);
  await listener.close(0);
});
