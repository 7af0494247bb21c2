// The door of the benchmarks: `npm run bench -- <name> [--json] [--rounds n]`. Owns arguments and output. Must never
// measure anything itself.
import type { Bench } from "./lib/bench.ts";
import { createStage, describeMachine, keepAwake } from "./lib/machine.ts";
import { build, installPeers } from "./lib/prepare.ts";
import { render, toResult } from "./lib/report.ts";
import { runRounds } from "./lib/rounds.ts";

const roundsMin = 5;

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  "call-local": async () => (await import("./call-local/bench.ts")).callLocal,
  "call-remote": async () => (await import("./call-remote/bench.ts")).callRemote,
  chain: async () => (await import("./chain/bench.ts")).chain,
  gateway: async () => (await import("./gateway/bench.ts")).gateway,
  start: async () => (await import("./start/bench.ts")).start,
};

const usage = `usage: npm run bench -- <name> [--json] [--rounds n]

  --json      the last line of stdout is one JSON object; progress goes to stderr
  --rounds n  rounds, ${roundsMin} unless given; fewer than ${roundsMin} is a trial run, whose spread means nothing
  --help      this

benches`;

async function main(args: readonly string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith("-"));
  const roundsAt = args.indexOf("--rounds");
  const given = roundsAt < 0 ? roundsMin : Number(args[roundsAt + 1]);
  const [name, ...more] = args.filter((arg, index) => !arg.startsWith("-") && (roundsAt < 0 || index !== roundsAt + 1));
  if (flags.includes("--help")) {
    console.log(await help());
    return 0;
  }
  const load = name === undefined ? undefined : benches[name];
  const isWrong = flags.some((flag) => !["--json", "--rounds", "--help"].includes(flag));
  if (
    name === undefined ||
    load === undefined ||
    more.length > 0 ||
    isWrong ||
    !(Number.isInteger(given) && given >= 1)
  ) {
    console.error(await help());
    return 2;
  }
  const isJson = flags.includes("--json");
  const say = (line: string) => console.error(line);
  const bench = await load();
  if (bench.needsPeers) installPeers(say);
  if (bench.needsBuild) build(say);
  const stage = createStage();
  using awake = keepAwake();
  const machine = describeMachine(stage, awake);
  const result = toResult(name, bench, await runRounds(bench, given, stage, say));
  const text = render(result, bench, machine);
  if (isJson) process.stderr.write(text);
  else process.stdout.write(text);
  if (isJson) console.log(JSON.stringify(result));
  return 0;
}

async function help(): Promise<string> {
  const rows = await Promise.all(
    Object.entries(benches).map(async ([name, load]) => `  ${name.padEnd(12)}${(await load()).summary}`),
  );
  return [usage, ...rows].join("\n");
}

process.exitCode = await main(process.argv.slice(2));
