// The bench `gateway`: what the front door costs beside Fastify, node:http and Express. Owns its contestants and what is
// compared with what.
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bench, Contestant } from "../lib/bench.ts";
import { end, measureIn, root, start } from "../lib/child.ts";
import { type Round, timesBetter } from "../lib/stats.ts";

const warmCalls = 40_000;
const measuredCalls = 100_000;

/** A server that prints its port, and the load client against it. */
const served =
  (file: string, ...args: readonly string[]): Contestant =>
  async ({ pinServer, pinClient }) => {
    const server = start([...pinServer, process.execPath, join(root, file), ...args], { stdout: "pipe" });
    let errors = "";
    server.stderr?.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
    try {
      const port = await firstLineOf(server.stdout as NodeJS.ReadableStream);
      if (port === undefined) throw new Error(`${file} did not start\n${errors}`);
      // taskset and chrt become the program they start, so this is the server's own id.
      const load = [port, String(server.pid), String(warmCalls), String(measuredCalls)];
      return await measureIn([...pinClient, process.execPath, join(root, "bench/gateway/client.ts"), ...load]);
    } finally {
      await end(server);
    }
  };

async function firstLineOf(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: stream })) return line;
  return undefined;
}

const peers = ["fastify", "raw", "rawBoth", "express"] as const;

/** `vsFastify` by requests per second, `vsFastifyCpu` by processor time where the system tells it. */
function versus(round: Round): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const peer of peers) {
    const name = `vs${peer[0]?.toUpperCase()}${peer.slice(1)}`;
    const { skein, [peer]: other } = round;
    // timesBetter compares costs: the time a request takes is one over the rate.
    figures[name] = timesBetter(1 / (skein?.["perSecond"] ?? Number.NaN), 1 / (other?.["perSecond"] ?? Number.NaN));
    const [own, theirs] = [skein?.["cpuSecondsPer100k"], other?.["cpuSecondsPer100k"]];
    if (own !== undefined && theirs !== undefined) figures[`${name}Cpu`] = timesBetter(own, theirs);
  }
  return figures;
}

export const gateway: Bench = {
  summary: "POST of 200 bytes of JSON, validated, answered with 300 bytes, beside Fastify, node:http and Express",
  needsPeers: true,
  needsBuild: true,
  contestants: {
    skein: served("bench/gateway/skein.ts"),
    fastify: served("bench/peers/fastify.mjs"),
    raw: served("bench/peers/raw.mjs"),
    rawBoth: served("bench/peers/raw.mjs", "both"),
    express: served("bench/peers/express.mjs"),
    generator: served("bench/gateway/floor.ts"),
  },
  derive: (round) => ({ skein: versus(round) }),
  headline: {
    vsFastify: {
      of: ["skein", "vsFastify"],
      goal: "times the requests per second of Fastify 5 with its own Ajv schemas; goal at least 0.95, stretch 1.1",
    },
    vsRaw: {
      of: ["skein", "vsRaw"],
      goal: "the same against a bare node:http handler with the same Zod schema for its input; goal at least 0.85",
    },
    vsExpress: {
      of: ["skein", "vsExpress"],
      goal: "the same against Express 5 with the same Zod schema for its input",
    },
  },
  notes: [
    "one server on one core, 50 keep-alive connections with one request in flight each from the other; warm by 40,000 calls, then 100,000 that count",
    "every answer is checked by status and length, one in 64 byte by byte; every contestant answers the same body",
    "the server is the bottleneck where serverBusyShare is near 1; `generator` is the client against a socket that answers without reading: a rate near its rate would be the client's own. the client never sleeps, so a serverBusyShare or clientBusyShare well below 1 means that something else used the cores: believe the Cpu ratios then",
    "skein validates the input AND the output with Zod. On: all limits and checks of the head and the body, deadline, cancellation, copies of the reply, span, histogram, trace id, drain. Off: nothing. It runs from dist",
    "fastify: Ajv for the input; its response schema serialises and does not validate. Off: logger, request ids in the answer, deadlines, cancellation",
    "raw: Zod for the input only; no limit of any kind. rawBoth: Zod for the output too, which is what Skein does",
    "express: express.json() and Zod for the input only; x-powered-by and ETag off, in its favour",
    "not measured: TLS, HTTP/2, many connections, large bodies, streams",
  ],
};
