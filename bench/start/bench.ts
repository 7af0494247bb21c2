// The bench `start`: import time, time to the first answer, memory at rest. Owns its contestants and what is compared.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Stage } from "../lib/bench.ts";
import { measureIn, root } from "../lib/child.ts";
import { type Figures, spreadOf, timesBetter } from "../lib/stats.ts";
import { startOf } from "./server.ts";

/** Importing processes per round and door. */
const importsPerRound = 7;
const bin = join(root, "dist/cli/bin.js");
const helloFile = join(root, "bench/apps/hello/system.ts");
const shopFile = join(root, "examples/shop/system.ts");

/** Of the built package, in processes of their own: the time that the `import` itself takes. The median of the round's. */
async function imports({ pinServer }: Stage): Promise<Figures> {
  const figures: Record<string, number[]> = {};
  const measure = async (prefix: string, name: string) => {
    const code = `const b = process.cpuUsage(); const t = performance.now(); await import(${JSON.stringify(name)});
      const ms = performance.now() - t; const { user, system } = process.cpuUsage(b);
      console.log(JSON.stringify({ Ms: ms, CpuMs: (user + system) / 1000 }));`;
    const measured = await measureIn([...pinServer, process.execPath, "--input-type=module", "-e", code]);
    for (const [unit, value] of Object.entries(measured)) (figures[`${prefix}${unit}`] ??= []).push(value);
  };
  for (let i = 0; i < importsPerRound; i++) {
    await measure("import", "skein");
    await measure("contractImport", "skein/contract");
  }
  return Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, spreadOf(values).median]));
}

const dev = (stage: Stage, file: string, home: string, path: string): Promise<Figures> =>
  startOf({
    command: (port) => [...stage.pinServer, process.execPath, bin, "dev", file, "--port", String(port), "--json"],
    path,
    env: { SKEIN_HOME: home },
  });

async function withHome<T>(run: (home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), "skein-bench-"));
  try {
    return await run(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const script = (stage: Stage, file: string) => ({
  command: () => [...stage.pinServer, process.execPath, join(root, file)],
  path: "/hello/you",
});

const loads = (services: readonly string[]): Promise<Figures> =>
  measureIn([process.execPath, "--conditions=skein-src", join(root, "bench/start/loaded.ts"), ...services]);

export const start: Bench = {
  summary: "import time, time to the first answer, memory at rest",
  needsPeers: true,
  needsBuild: true,
  contestants: {
    skein: async (stage) => ({
      ...(await imports(stage)),
      ...(await withHome((home) => dev(stage, helloFile, home, "/hello/you"))),
    }),
    skeinServe: (stage) => startOf(script(stage, "bench/start/serve.ts")),
    nest: (stage) => startOf(script(stage, "bench/peers/nest.mjs")),
    node: (stage) => startOf(script(stage, "bench/start/floor.ts")),
    skeinShop: (stage) =>
      withHome(async (home) => {
        const { readyMs: firstReadyMs = Number.NaN } = await dev(stage, shopFile, home, "/products?limit=1");
        return { firstReadyMs, ...(await dev(stage, shopFile, home, "/products?limit=1")) };
      }),
    hostOfAll: () => loads([]),
    hostOfCatalog: () => loads(["catalog"]),
  },
  derive: ({ skein, skeinServe, nest }) => {
    const of = (figures: Figures | undefined, name: string) => figures?.[name] ?? Number.NaN;
    return {
      skein: {
        vsNestReady: timesBetter(of(skein, "readyMs"), of(nest, "readyMs")),
        vsNestRest: timesBetter(of(skein, "restMb"), of(nest, "restMb")),
      },
      skeinServe: {
        vsNestReady: timesBetter(of(skeinServe, "readyMs"), of(nest, "readyMs")),
        vsNestRest: timesBetter(of(skeinServe, "restMb"), of(nest, "restMb")),
      },
    };
  },
  headline: {
    importMs: { of: ["skein", "importMs"], goal: 'ms that `import "skein"` adds to an empty process (built package)' },
    contractImportMs: { of: ["skein", "contractImportMs"], goal: "the same for skein/contract" },
    readyMs: { of: ["skein", "readyMs"], goal: "ms from `skein dev` on a hello system to its first 200" },
    restMb: { of: ["skein", "restMb"], goal: "MB resident of both its processes, at rest" },
    vsNestReady: {
      of: ["skein", "vsNestReady"],
      goal: "times sooner than Nest's hello; its one process against the two of `skein dev`",
    },
  },
  notes: [
    "readyMs: from the spawn to the first 200 on 127.0.0.1, asked every 2 ms from the other core; all processes of a contestant share one pinned core",
    "vsNestReady in the headline is `skein dev`, with its watcher and second process, against Nest's one process; like with like (one process, no watcher) is skeinServe.vsNestReady",
    "restMb: resident memory of all processes (shared pages counted in each), restPssMb counts shared pages once; from 2 s after ready, when five samples agree within 1 %",
    "skein: built package (dist); the user's own files are TypeScript, stripped by Node as they load. On: Zod in and out, deadlines, spans, limits, request lines. `skein dev` uses Node's compile cache, filled by the first round; nobody else does",
    "nest: plain JavaScript, NODE_ENV=production, Express; it validates nothing and logs only warnings, which is in its favour",
    "skeinShop: the shop, ten services, SQLite files; firstReadyMs on an empty home (migrations, catalogue), readyMs the second time",
    "hostOfCatalog: foreignModules must be 0: files of other services loaded by a host of one (the lists are printed by bench/start/loaded.ts)",
  ],
};
