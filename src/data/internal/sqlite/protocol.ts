/** Owns what the calling thread and the SQLite worker say to each other. It must never carry an error object of either. */
import type { MessagePort } from "node:worker_threads";
import type { RawResult } from "./file.ts";

export type Operation = "open" | "read" | "write" | "script" | "begin" | "commit" | "close";

/** SQL and what it is bound to. */
export interface Bound {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** Each way between threads costs more than most statements: what belongs together is sent together. */
export interface Request {
  readonly id: number;
  /** Path of the file. */
  readonly file: string;
  readonly operation: Operation;
  /** One for most; for `begin` at most one, for `commit` any number. */
  readonly statements: readonly Bound[];
}

/** What SQLite said, as data: a class does not survive the way between threads. */
export interface Failure {
  /** SQLite's extended result code; `undefined` when the failure was not SQLite's. */
  readonly errcode: number | undefined;
  readonly message: string;
  /** A code of the catalogue, when the conversion of a value failed. */
  readonly skeinCode: string | undefined;
}

export type Reply =
  | { readonly id: number; readonly result: RawResult | undefined; readonly failure?: undefined }
  | { readonly id: number; readonly failure: Failure; readonly result?: undefined };

export function toFailure(error: unknown): Failure {
  const { errcode, message, code } = error as { errcode?: unknown; message?: unknown; code?: unknown };
  return {
    errcode: typeof errcode === "number" ? errcode : undefined,
    message: typeof message === "string" ? message : "unknown failure",
    skeinCode: typeof code === "string" && code.startsWith("SKEIN_") ? code : undefined,
  };
}

/** What a thread is started with. */
export interface WorkerData {
  readonly port: MessagePort;
  /** One number, of the replies that were sent: whoever stands still waits for it to change. */
  readonly replies: Int32Array;
}
