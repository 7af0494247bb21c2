/**
 * Owns the thread in which SQLite files are read and written: one request, one reply, in order.
 * It must never decide anything: retries, queues and deadlines belong to the thread that asks.
 */
import type { SQLInputValue } from "node:sqlite";
import { workerData } from "node:worker_threads";
import { assert } from "../../../core/assert.ts";
import { openFile, type RawResult, type SqliteFile } from "./file.ts";
import { type Bound, type Reply, type Request, toFailure, type WorkerData } from "./protocol.ts";

const { port, replies } = workerData as WorkerData;
const files = new Map<string, SqliteFile>();

function perform({ file: path, operation, statements }: Request): RawResult | undefined {
  if (operation === "open") {
    files.set(path, openFile(path));
    return undefined;
  }
  const file = files.get(path);
  assert(file !== undefined, `the SQLite worker was asked to ${operation} what is not open`);
  const [first] = statements;
  switch (operation) {
    case "read":
      return first && file.read(first.text, first.parameters as readonly SQLInputValue[]);
    case "write":
      return first && write(file, first);
    case "script":
      file.script(first?.text ?? "");
      return undefined;
    case "begin":
      return begin(file, first);
    case "commit":
      for (const statement of statements) write(file, statement);
      file.script("commit");
      return undefined;
    case "close":
      file.close();
      files.delete(path);
      return undefined;
  }
}

function write(file: SqliteFile, { text, parameters }: Bound): RawResult {
  return file.write(text, parameters as readonly SQLInputValue[]);
}

/** All of it or nothing: whoever asked has no transaction that could be rolled back. */
function begin(file: SqliteFile, first: Bound | undefined): RawResult | undefined {
  file.script("begin immediate");
  try {
    return first && write(file, first);
  } catch (error) {
    if (file.isInTransaction) file.script("rollback");
    throw error;
  }
}

port.on("message", (request: Request) => {
  let reply: Reply;
  try {
    reply = { id: request.id, result: perform(request) };
  } catch (error) {
    reply = { id: request.id, failure: toFailure(error) };
  }
  port.postMessage(reply);
  // After the reply: whoever is woken finds it.
  Atomics.add(replies, 0, 1);
  Atomics.notify(replies, 0);
});
