/**
 * Owns the thread in which a SQLite file is read and written: one request, one reply, in order.
 * It must never decide anything: retries, queues and deadlines belong to the thread that asks.
 */
import type { SQLInputValue } from "node:sqlite";
import { parentPort } from "node:worker_threads";
import { assert } from "../../../core/index.ts";
import { openFile, type RawResult, type SqliteFile } from "./file.ts";
import { type Reply, type Request, toFailure } from "./protocol.ts";

let file: SqliteFile | undefined;

function perform({ operation, text, parameters }: Request): RawResult | undefined {
  if (operation === "open") {
    file = openFile(text);
    return undefined;
  }
  assert(file !== undefined, `the SQLite worker was asked to ${operation} before it was opened`);
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
      file = undefined;
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
