// The bench `chain`: a page of 20 calls over ten services behind HTTP, in one process and in eleven, beside grpc-js and
// Moleculer. Owns its contestants and what is compared with what.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bench, Contestant } from "../lib/bench.ts";
import { end, measureIn, root, start } from "../lib/child.ts";
import { type Round, timesBetter } from "../lib/stats.ts";
import { markName, processesWith } from "./processes.ts";

const app = join(root, "bench/apps/page");
const client = join(root, "bench/chain/client.ts");

/** What a contestant is started with, and the port in what it prints. */
interface Served {
  readonly command: readonly string[];
  readonly portOf: (line: string) => string | undefined;
}

const printed = (file: string): Served => ({
  command: [process.execPath, join(root, file)],
  portOf: (line) => line,
});

const placed = (placement: string): Served => ({
  command: [
    process.execPath,
    join(root, "dist/cli/bin.js"),
    "start",
    join(app, "system.ts"),
    "--placement",
    join(app, `${placement}.json`),
    "--port",
    "0",
    "--json",
  ],
  portOf: (line) => {
    const { event, gateway } = JSON.parse(line) as { event: string; gateway?: { url: string } };
    return event === "ready" && gateway !== undefined ? new URL(gateway.url).port : undefined;
  },
});

/** Nothing is pinned: where its processes run is part of what is compared. */
const measured =
  ({ command, portOf }: Served): Contestant =>
  async () => {
    const mark = randomUUID();
    const home = mkdtempSync(join(tmpdir(), "skein-bench-"));
    const server = start(command, { stdout: "pipe", env: { [markName]: mark, SKEIN_HOME: home } });
    let errors = "";
    server.stderr?.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
    try {
      const port = await firstOf(server.stdout as NodeJS.ReadableStream, portOf);
      if (port === undefined) throw new Error(`${command.join(" ")} did not start\n${errors}`);
      return await measureIn([process.execPath, client, port, processesWith(mark).join(",")]);
    } finally {
      await end(server);
      for (const pid of processesWith(mark)) process.kill(pid, "SIGKILL");
      rmSync(home, { recursive: true, force: true });
    }
  };

async function firstOf(stream: NodeJS.ReadableStream, portOf: Served["portOf"]): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) {
    const port = portOf(line);
    if (port !== undefined) return port;
  }
  return undefined;
}

const peers = { Grpc: "grpc", Moleculer: "moleculer" } as const;

/** And what nobody on Node gets below by much: beside it one sees how much of a ratio there is to be had at all. */
const compared = { ...peers, Raw: "raw" } as const;

/** `latencyVs...` by the median at the modest rate, `cpuVs...` by processor time there, `maxVs...` by pages a second. */
function versus(round: Round, own: string): Record<string, number> {
  const of = (contestant: string, figure: string) => round[contestant]?.[figure] ?? Number.NaN;
  return Object.fromEntries(
    Object.entries(compared).flatMap(([name, peer]) => [
      [`latencyVs${name}`, timesBetter(of(own, "p50Ms"), of(peer, "p50Ms"))],
      [`cpuVs${name}`, timesBetter(of(own, "cpuMsPerPage"), of(peer, "cpuMsPerPage"))],
      // timesBetter compares costs: the time a page takes is one over the rate.
      [`maxVs${name}`, timesBetter(1 / of(own, "maxPerSecond"), 1 / of(peer, "maxPerSecond"))],
    ]),
  );
}

const paper = { one: { latency: 14.4, cpu: 8.7 }, each: { latency: 2.1, cpu: 2.8 } } as const;
const titles = {
  one: "one process",
  each: "one process for each service and one for the gateway",
} as const;

function headlineOf(own: "one" | "each"): Bench["headline"] {
  const name = own === "one" ? "One" : "Each";
  return Object.fromEntries(
    Object.keys(peers).flatMap((peer) =>
      (["latency", "cpu"] as const).map((what) => [
        `${what}${name}Vs${peer}`,
        {
          of: [own, `${what}Vs${peer}`] as const,
          goal: `times less ${what === "cpu" ? "processor time a page" : "latency (p50)"} than ${peer}; Skein in ${titles[own]}${peer === "Grpc" ? `; goal more than ${paper[own][what]}` : ""}`,
        },
      ]),
    ),
  );
}

export const chain: Bench = {
  summary: "a page of 20 calls over ten services behind HTTP, beside grpc-js and Moleculer",
  needsPeers: true,
  needsBuild: true,
  contestants: {
    one: measured(placed("one")),
    each: measured(placed("each")),
    grpc: measured(printed("bench/peers/page-grpc.mjs")),
    moleculer: measured(printed("bench/peers/page-moleculer.mjs")),
    raw: measured(printed("bench/peers/page-raw.mjs")),
    generator: measured(printed("bench/chain/floor.ts")),
  },
  derive: (round) => ({ one: versus(round, "one"), each: versus(round, "each") }),
  headline: { ...headlineOf("one"), ...headlineOf("each") },
  notes: [
    "p50Ms, p99Ms, cpuMsPerPage: 50 pages a second for 500 pages, at random moments that are the same for everyone (open loop; latency from the intended start); max...: 64 pages in flight for 3 s. Warm by 2,000 pages, which is 40,000 calls",
    "processor time of all processes of a contestant: front and services, and for Skein the supervisor and the holder of its socket too; not of the client. NOTHING is pinned here, whatever is said above",
    "every answer is compared byte by byte, and is the same for everyone; handlers are the same functions (bench/apps/page/work.ts)",
    "`generator` is the client against a socket that answers the same bytes without work: its p50Ms is in everybody's, and a maxPerSecond near its own would be the client's; maxClientBusyShare near 1 says so too",
    "one and each: `skein start` from dist on bench/apps/page/*.json. On: Zod in and out at each callee, access, deadlines, cancellation, cycle checks, spans, histograms, copies, ETag, the gateway's limits. Off: nothing",
    "grpc: one process for each service, one channel for each peer over unix sockets, deadlines that are passed on, keep-alive; Fastify in front. Off: validation beyond protobuf's types, cancellation, tracing, metrics",
    "raw: one process for each service, frames of JSON over unix sockets by hand, `node:http` in front. Off: everything, errors of handlers too: what eleven processes of Node take to make this page at all",
    "moleculer: one node for each service, TCP transporter, requestTimeout 10 s, params validated; Fastify in front. Off: output validation, tracing, metrics, logger",
    "the goals are the ratios of Google's Service Weaver to gRPC (Ghemawat et al., HotOS 2023), measured in Go on many machines: a measure, not the same experiment",
  ],
};
