// The bench `call-remote`: what a call from one process to another costs, on one machine. Owns its contestants and what is
// compared with what.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Authority } from "../../src/transport/fixtures/certificates.ts";
import type { Bench, Contestant, Stage } from "../lib/bench.ts";
import { end, measureIn, root, start } from "../lib/child.ts";
import { freePort } from "../lib/free-port.ts";
import { type Figures, type Round, timesBetter } from "../lib/stats.ts";

const here = (file: string) => join(root, "bench/call-remote", file);
const peer = (file: string) => join(root, "bench/peers", file);

/** A server that prints a line once it listens, and the client against it, each on its core. */
async function pair(
  { pinServer, pinClient }: Stage,
  server: readonly string[],
  client: readonly string[],
): Promise<Figures> {
  const child = start([...pinServer, process.execPath, ...server], { stdout: "pipe" });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  try {
    const line = await firstLineOf(child.stdout as NodeJS.ReadableStream);
    if (line === undefined) throw new Error(`${server[0]} did not start\n${errors}`);
    // taskset becomes the program it starts, so this is the server's own id.
    return await measureIn([...pinClient, process.execPath, ...client, String(child.pid)]);
  } finally {
    await end(child);
  }
}

async function firstLineOf(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) return line;
  return undefined;
}

async function inDirectory<T>(run: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "skein-bench-"));
  try {
    return await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function skeinAt(stage: Stage, address: object, clientAddress: object = address): Promise<Figures> {
  return pair(
    stage,
    [here("skein-server.ts"), JSON.stringify(address)],
    [here("skein-client.ts"), JSON.stringify(clientAddress)],
  );
}

const skeinTls: Contestant = async (stage) => {
  using authority = new Authority();
  const side = (name: string) => ({
    ...authority.issue(name, { names: `URI:spiffe://bench/host/${name}` }),
    ca: authority.ca,
  });
  const address = { host: "127.0.0.1", port: await freePort() };
  return await skeinAt(stage, { ...address, files: side("server") }, { ...address, files: side("client") });
};

/** A peer that takes a unix socket and its role. */
const overUnix =
  (file: string): Contestant =>
  (stage) =>
    inDirectory((directory) => {
      const path = join(directory, "host.sock");
      return pair(stage, [file, "server", path], [file, "client", path]);
    });

/** As many bytes each way as Skein takes. */
const echoIn =
  (file: string): Contestant =>
  (stage) =>
    inDirectory(async (directory) => {
      const size = await measureIn([process.execPath, here("wire-size.ts"), directory]);
      const path = join(directory, "echo.sock");
      const [callBytes, replyBytes] = [String(size["callBytes"]), String(size["replyBytes"])];
      const server = [file, "server", path, callBytes, replyBytes];
      return { ...size, ...(await pair(stage, server, [file, "client", path, callBytes])) };
    });

const rivals = ["grpc", "moleculer", "undici"] as const;
/** They make no call that a team could use; each does a part of what a call needs. */
const floors = ["raw", "echo", "byteEcho"] as const;
const skeins = ["skein", "skeinTcp", "skeinTls"] as const;

/** At 128 in flight by calls a second and by processor time; at 1 by the median latency. */
function versus(round: Round, own: string): Record<string, number> {
  const of = (contestant: string, name: string) => round[contestant]?.[name] ?? Number.NaN;
  const figures: Record<string, number> = {};
  for (const other of [...rivals, ...floors]) {
    const name = `${other[0]?.toUpperCase()}${other.slice(1)}`;
    // timesBetter compares costs: the time that a call takes is one over the rate.
    figures[`rateVs${name}`] = timesBetter(1 / of(own, "at128CallsPerS"), 1 / of(other, "at128CallsPerS"));
    figures[`cpuVs${name}`] = timesBetter(of(own, "at128CpuSPer100k"), of(other, "at128CpuSPer100k"));
  }
  const best = Math.min(...rivals.map((other) => of(other, "at1P50Us")));
  figures["p50VsBestAt1"] = timesBetter(of(own, "at1P50Us"), best);
  return figures;
}

const headlineOf = (figure: string, goal: string) => ({ of: ["skein", figure] as const, goal });

export const callRemote: Bench = {
  summary: "what a call from one process to another costs on one machine, beside grpc-js, Moleculer and HTTP",
  needsPeers: true,
  needsBuild: true,
  contestants: {
    skein: (stage) => inDirectory((directory) => skeinAt(stage, { path: join(directory, "host.sock") })),
    skeinTcp: async (stage) => skeinAt(stage, { host: "127.0.0.1", port: await freePort() }),
    skeinTls,
    grpc: overUnix(peer("remote-grpc.mjs")),
    moleculer: async (stage) => {
      const port = String(await freePort());
      const file = peer("remote-moleculer.mjs");
      return pair(stage, [file, "server", port], [file, "client", port]);
    },
    undici: overUnix(peer("remote-undici.mjs")),
    raw: overUnix(here("raw.ts")),
    echo: echoIn(here("echo.ts")),
    byteEcho: echoIn(here("byte-echo.ts")),
  },
  derive: (round) => Object.fromEntries(skeins.map((own) => [own, versus(round, own)])),
  headline: {
    rateVsGrpc: headlineOf("rateVsGrpc", "times the calls per second of grpc-js, 128 in flight; goal at least 10"),
    cpuVsGrpc: headlineOf("cpuVsGrpc", "times less processor time per call of both processes; goal at least 10"),
    rateVsMoleculer: headlineOf("rateVsMoleculer", "the same against Moleculer over TCP; goal at least 2"),
    cpuVsMoleculer: headlineOf("cpuVsMoleculer", "the same against Moleculer over TCP; goal at least 3"),
    rateVsEcho: headlineOf(
      "rateVsEcho",
      "share of the rate of frames that are only matched to promises; goal at least 0.4, stretch 0.5",
    ),
    rateVsByteEcho: headlineOf("rateVsByteEcho", "share of the rate of messages that are only counted"),
    rateVsRaw: headlineOf("rateVsRaw", "share of the rate of hand-written frames for this one method, nothing checked"),
    p50VsBestAt1: headlineOf("p50VsBestAt1", "best peer's median latency over ours, 1 in flight; goal at least 1"),
  },
  notes: [
    "one server process on one core, one client process on the other; 1, 16 and 128 calls in flight, each replaced as it ends (closed loop); every reply is checked",
    "every contestant serves 60,000 calls before anything counts; then 15,000, 40,000 and 120,000 count (grpc a sixth, undici a third of that)",
    "the same order (200 bytes of JSON) and receipt for all; skein, grpc, undici, raw and the echoes over a unix socket, moleculer over TCP on loopback, which is all it has; skeinTcp and skeinTls are skein over TCP, the latter with mutual TLS 1.3",
    "CpuSPer100k: processor seconds of all threads of both processes per 100,000 calls; ClientCpu and ServerCpu are its parts",
    "skein, on: Zod in and out at the callee, access, deadline, cancellation, a principal with each call, a span and a histogram, checksums, limits of frames and flow, silence detection. Off: nothing. It runs from dist: a host that calls without services, a host that answers",
    "grpc: one channel, deadline of 10 s, keepalive; types by protobuf only. Off: validation of values, metadata, interceptors, tracing, TLS",
    "moleculer: requestTimeout 10 s, validation of the input by params, JSON serializer (its default). Off: validation of the output, metrics, tracing, logger, principal",
    "undici: a Pool without a limit of connections, keep-alive, 10 s limits, to Fastify with Ajv for the input and a response schema. Off: validation of the output, deadline at the server, tracing, logger, principal",
    "byteEcho: a message is its length; as many bytes as a call and a reply of skein take; replies are counted",
    "echo: the same bytes in frames with a number each; a reply is matched with the promise that waits for it; no value is read",
    "raw: the frames of echo with the order and the receipt in them, by position, written by hand for this one method. Off: limits, deadlines, checksums, validation, a second method",
    "not measured here: an open loop, many connections, errors, machines apart",
  ],
};
