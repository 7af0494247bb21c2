// The bench `call-local`: what a call inside one process costs. Owns its contestants and what is compared with what.
import { join } from "node:path";
import type { Bench, Contestant } from "../lib/bench.ts";
import { measureIn, root } from "../lib/child.ts";
import { type Round, timesBetter } from "../lib/stats.ts";

const moleculer =
  (setting: string): Contestant =>
  (stage) =>
    measureIn([...stage.pinServer, process.execPath, join(root, "bench/peers/moleculer.mjs"), setting]);

function figure(round: Round, contestant: string, name: string): number {
  return round[contestant]?.[name] ?? Number.NaN;
}

export const callLocal: Bench = {
  summary: "what a call from one service to another costs inside one process",
  needsPeers: true,
  needsBuild: false,
  contestants: {
    skein: (stage) =>
      measureIn([
        ...stage.pinServer,
        process.execPath,
        "--conditions=skein-src",
        join(root, "bench/call-local/skein.ts"),
      ]),
    moleculer: moleculer("deadline"),
    moleculerNoDeadline: moleculer("no-deadline"),
    moleculerAllOn: moleculer("all-on"),
  },
  derive: (round) => {
    const own = (name: string) => figure(round, "skein", name);
    const versus = (peer: string, name: string) => timesBetter(own(name), figure(round, peer, name));
    return {
      skein: {
        addedNs: own("bareCpuNs") - own("functionCpuNs"),
        addedWallNs: own("bareWallNs") - own("functionWallNs"),
        vsMoleculer: versus("moleculer", "payloadCpuNs"),
        vsMoleculerWall: versus("moleculer", "payloadWallNs"),
        vsMoleculerBare: versus("moleculer", "bareCpuNs"),
        vsMoleculerNoDeadline: versus("moleculerNoDeadline", "payloadCpuNs"),
        vsMoleculerAllOn: versus("moleculerAllOn", "payloadCpuNs"),
      },
    };
  },
  headline: {
    addedNs: {
      of: ["skein", "addedNs"],
      goal: "ns of processor time added to a bare async function; goal at most 1,000",
    },
    vsMoleculer: {
      of: ["skein", "vsMoleculer"],
      goal: "times cheaper than Moleculer with a deadline, same payload; goal at least 1, stretch 2",
    },
  },
  notes: [
    "headline figures are processor time of the whole process (collector included), which repeats better than the wall clock; both are in the table",
    "warm by 200,000 calls of each kind, then 500,000 that count, in one handler, one call after the other",
    "skein, on: access, deadline, cancellation, kind and cycle checks, a span and a histogram per call; copies in and out; for the payload Zod both in and out. Off: nothing",
    "moleculer: requestTimeout 10 s as its project template sets it. It validates the INPUT only (fastest-validator). Off: metrics, tracing, logger; it never copies: caller and callee share objects",
    "moleculerNoDeadline: the broker's own defaults (requestTimeout 0), the cheapest it can be; see vsMoleculerNoDeadline",
    "moleculerAllOn: moleculer with metrics and tracing (no exporter), which is what skein has on",
    "not measured: the first use of a client in a handler, streams, commands (they need a database), the far mode",
  ],
};
