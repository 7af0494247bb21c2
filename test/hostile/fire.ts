/**
 * Owns sending one entry's bytes to a port and judging what comes back. Must never wait for ever: a connection that is
 * still open and silent at the end is a finding.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Entry } from "./corpus.ts";
import { piecesOf } from "./corpus.ts";

export interface Verdict {
  readonly name: string;
  /** Statuses of the answers, in order, without 100 Continue. */
  readonly statuses: readonly number[];
  readonly end: "closed" | "reset" | "answered" | "open";
  readonly ms: number;
  /** Why this must not be; absent when all is well. */
  readonly violation?: string;
}

const waitMsMax = 15_000;
const keptBytesMax = 1_048_576;
/** How long a connection whose request was answered is watched for more. */
const quietMs = 300;

export async function fire(port: number, entry: Entry): Promise<Verdict> {
  const began = performance.now();
  const socket = connect(port, "127.0.0.1");
  let received = "";
  let end: Verdict["end"] = "open";
  let quiet: NodeJS.Timeout | undefined;
  const ended = new Promise<void>((resolve) => {
    const late = setTimeout(resolve, waitMsMax);
    const finish = (how: Verdict["end"]): void => {
      if (end === "open") end = how;
      clearTimeout(late);
      clearTimeout(quiet);
      resolve();
    };
    socket.on("data", (chunk: Buffer) => {
      if (received.length < keptBytesMax) received += chunk.toString("latin1");
      clearTimeout(quiet);
      quiet = setTimeout(() => (statusesOf(received).length > 0 ? finish("answered") : undefined), quietMs);
    });
    socket.on("error", () => finish("reset"));
    socket.on("close", () => finish("closed"));
  });
  await Promise.race([ended, write(socket, entry)]);
  await ended;
  socket.destroy();
  const statuses = statusesOf(received);
  const violation = judge(entry, statuses, end);
  return { name: entry.name, statuses, end, ms: performance.now() - began, ...(violation && { violation }) };
}

async function write(socket: Socket, entry: Entry): Promise<void> {
  for (const piece of piecesOf(entry.parts)) {
    if (socket.destroyed) return;
    if (!socket.write(piece)) await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
  }
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) [A-Za-z -]*\r\n/g)]
    .map((match) => Number(match[1]))
    .filter((status) => status !== 100);
}

function judge(entry: Entry, statuses: readonly number[], end: Verdict["end"]): string | undefined {
  if (statuses.some((status) => status >= 500)) return `answered ${statuses.join(", ")}`;
  if (end === "open") return "neither answered nor closed";
  if (entry.expect === "harmless") return undefined;
  if (statuses.some((status) => status < 400)) return `answered ${statuses.join(", ")}`;
  return statuses.length > 1 ? `answered ${statuses.length} times: ${statuses.join(", ")}` : undefined;
}
