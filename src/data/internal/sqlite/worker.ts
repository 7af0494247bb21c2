/**
 * Owns the thread in which SQLite files are read and written: one request, one reply, in order.
 * It must never decide anything: retries, queues and deadlines belong to the thread that asks.
 */
import type { SQLInputValue } from "node:sqlite";
import { parentPort } from "node:worker_threads";
import { assert } from "../../../core/assert.ts";
import { openFile, type RawResult, type SqliteFile } from "./file.ts";
import { type Reply, type Request, toFailure } from "./protocol.ts";

const files = new Map<string, SqliteFile>();

function perform({ file: path, operation, text, parameters }: Request): RawResult | undefined {
  if (operation === "open") {
    files.set(path, openFile(path));
    return undefined;
  }
  const file = files.get(path);
  assert(file !== undefined, `the SQLite worker was asked to ${operation} what is not open`);
  switch (operation) {
    case "read":
      return file.read(text, parameters as readonly SQLInputValue[]);
    case "write":
      return file.write(text, parameters as readonly SQLInputValue[]);
    case "script":
      file.script(text);
      return undefined;
    case "close":
      file.close();
      files.delete(path);
      return undefined;
  }
}

parentPort?.on("message", (request: Request) => {
  let reply: Reply;
  try {
    reply = { id: request.id, result: perform(request) };
  } catch (error) {
    reply = { id: request.id, failure: toFailure(error) };
  }
  parentPort?.postMessage(reply);
});
