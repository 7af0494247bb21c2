/** Owns the list of commands. It must never import what a command does: each loads its own code when it runs. */
import type { Command, CommandOption } from "./command.ts";

const systemUsage = "[system.ts]";
const systemDetail =
  "The argument is the file whose default export is the system: `system.ts` in the working directory unless given.";
const hostOption: CommandOption = {
  name: "host",
  value: "address",
  summary: "address to listen on; 127.0.0.1 unless given, so that only this machine can connect",
};

const dev: Command = {
  name: "dev",
  summary: "run a system in one process and reload it on change",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [
    {
      name: "port",
      short: "p",
      value: "number",
      summary: "port of the gateway; PORT or 4000 unless given; 0 picks a free one",
    },
    hostOption,
    {
      name: "inspect",
      value: "port",
      optionalValue: true,
      summary: "let a debugger attach, on port 9229 unless given; 0 picks a free one",
    },
    {
      name: "inspect-brk",
      value: "port",
      optionalValue: true,
      summary: "the same, and wait for the debugger before the system is loaded",
    },
  ],
  details: [
    systemDetail,
    "A change is loaded by a new process beside the old one, which keeps answering until the new one is ready; code that does not load leaves the old one running and says where the error is. The first start must succeed.",
    "State is kept in `.skein/` beside the system file, or where `SKEIN_HOME` says. Ctrl+C lets requests in flight finish; a second one ends at once.",
    "With `--json` each event is one line: `ready`, `request`, `reloaded`, `failed`, `crashed`, `restarted`, `warning`, `log`, `debugger`, `stopping`, `stopped`. What the services themselves print then goes to stderr.",
  ],
  examples: [
    { line: "skein dev", does: "run system.ts of this directory on port 4000" },
    { line: "skein dev examples/shop/system.ts --port 0", does: "run another file on a free port" },
    { line: "skein dev --inspect", does: "with a door for a debugger on 127.0.0.1:9229" },
  ],
  run: async (given) => (await import("./dev/index.ts")).runDev(given),
};

const check: Command = {
  name: "check",
  summary: "explain what is wrong with a system, without running it",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [
    { name: "load", summary: "load the services' code too, which finds what is wrong with their modules" },
    {
      name: "placement",
      value: "file",
      summary: "check this placement of the system as well, and what connections its databases need",
    },
    { name: "connect", summary: "with --placement: ask the database servers how many connections they have" },
    {
      name: "write",
      value: "file",
      summary: "write what the contracts promise now, to be kept and compared with",
    },
    {
      name: "against",
      value: "file or commit",
      summary: "name every change since that file, or since the contracts.json of that commit, that breaks a caller",
    },
  ],
  details: [
    systemDetail,
    "Only declarations are loaded, never the code of the services, unless `--load` says so; a mounted application that is a value is made ready, read and closed again. The exit code is 1 when there is an error; warnings alone leave it 0.",
    "With `--json` the output is one object: `system`, `services` (names), `endpoints` (`id`, `kind`, `http` if any, `access`, `calls`), `mounts` (`name`, `prefix`, `access`, and `kind` and `routes` of what was loaded), with `--placement` the `connections` by database server (`server`, `total`, `spare`, `limit`, `limitFrom`, `groups`), and `findings` (`level`, `code`, `where`, `message`, `fix`).",
  ],
  examples: [
    { line: "skein check", does: "check system.ts of this directory" },
    { line: "skein check examples/shop/system.ts --json", does: "the same for machines" },
    {
      line: "skein check --placement split.json --connect",
      does: "check a placement, and its connections against the limit of the database server",
    },
    { line: "skein check --write contracts.json", does: "keep the contracts beside the system file, to be committed" },
    { line: "skein check --against main", does: "say what breaks those who were written for main" },
  ],
  run: async (given) => (await import("./check.ts")).runCheck(given),
};

const openapi: Command = {
  name: "openapi",
  summary: "print the OpenAPI 3.1 description of a system's HTTP routes, or make a contract from one",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [
    { name: "out", short: "o", value: "file", summary: "write to a file instead of printing" },
    { name: "server", value: "url", summary: "where the gateway is reached from outside; / unless given" },
    { name: "import", value: "file", summary: "make a contract from this OpenAPI 3.0 or 3.1 document, JSON or YAML" },
    { name: "name", value: "name", summary: "name of that contract; from the document's title unless given" },
  ],
  details: [
    systemDetail,
    "The document is JSON with or without `--json`; a running system serves the same one at `/openapi.json`. With `--out` and `--json` the output says which file was written.",
    "With `--import` no system is read: the document becomes a TypeScript module with Zod schemas and a contract, for `external()`. GET becomes a query, the rest actions. What a contract cannot say is left out and listed. Only files are read, and references must stay inside.",
  ],
  examples: [
    { line: "skein openapi > openapi.json", does: "print it" },
    { line: "skein openapi system.ts --out openapi.json", does: "write it, or leave the old file as it was" },
    {
      line: "skein openapi --import billing.yaml --out billing.contract.ts",
      does: "make a contract of somebody else's API",
    },
  ],
  run: async (given) => (await import("./openapi.ts")).runOpenApi(given),
};

const client: Command = {
  name: "client",
  summary: "write a typed TypeScript client of a system's HTTP routes",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [
    { name: "out", short: "o", value: "file", summary: "write to a file instead of printing" },
    { name: "check", summary: "write nothing; exit with 1 when the file of --out is not what would be written" },
  ],
  details: [
    systemDetail,
    "One file: the types of every method with a route, and `createClient({ baseUrl })`. It imports `skein/client` alone and runs in browsers. The same contracts give the same file.",
    "What a schema's library cannot describe is `unknown` there, with its place beside it, and a line on stderr. With `--json` the output says which file was `written` or `checked`, how many `methods` it has, what is `untyped` (`method`, `part`, `path`, `why`) and which methods are `leftOut`: channels, which are WebSockets.",
  ],
  examples: [
    { line: "skein client system.ts --out client.ts", does: "write it, or leave the old file as it was" },
    { line: "skein client system.ts --out client.ts --check", does: "in CI: fail when somebody forgot to" },
  ],
  run: async (given) => (await import("./client.ts")).runClient(given),
};

const placementOption: CommandOption = {
  name: "placement",
  value: "file",
  summary: "which services share a process, and how many of each; everything in one process unless given",
};

const start: Command = {
  name: "start",
  summary: "run a system in processes of its own, as a placement says",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [
    placementOption,
    {
      name: "mode",
      value: "mode",
      summary: "production unless given; development has keys of its own making and says more in its answers",
    },
    {
      name: "port",
      short: "p",
      value: "number",
      summary: "port of the gateway; PORT or 4000 unless given; 0 picks a free one",
    },
    hostOption,
  ],
  details: [
    systemDetail,
    "Hosts are started one after the other and again when they end, with longer and longer pauses. They outlive this command: killed without a word it leaves them serving, and the next `skein start` takes them over. Ctrl+C, SIGTERM and `skein stop` end everything, after what is in flight.",
    "State is kept in `.skein/` beside the system file, or where `SKEIN_HOME` says; each host's output is in `.skein/run/logs/`. With `--json` each event is one line: `ready`, `stopping`, `stopped`.",
  ],
  examples: [
    { line: "skein start", does: "run system.ts of this directory in one process" },
    { line: "skein start --placement split.json", does: "in the groups that the file says" },
    { line: "skein start --mode development", does: "without the keys and URLs that production wants" },
  ],
  run: async (given) => (await import("./start/run.ts")).runStart(given),
};

const status: Command = {
  name: "status",
  summary: "say what runs where",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [],
  details: [
    systemDetail,
    "With `--json` the output is one object: `supervisor` (`pid`), `epoch`, `gateway` (`url`) and `hosts` (`group`, `replica`, `pid`, `state`, `services`, `build`, `inFlight`, `sent` to other hosts (`calls` that are over, `attempts` of them), `rss` and `memory` in bytes, `uptimeMs`, `restarts`, `http`, and `role` in groups with a leader). States are `waiting`, `starting`, `ready`, `silent` (it hangs, for `silentMs`, and gets no calls) and `draining`.",
  ],
  examples: [{ line: "skein status --json", does: "for machines" }],
  run: async (given) => (await import("./start/status.ts")).runStatus(given),
};

const logs: Command = {
  name: "logs",
  summary: "show what all processes of a system have written, as one log",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [
    { name: "follow", short: "f", summary: "go on with what is written from now on" },
    { name: "host", value: "name", summary: "one process (`orders-1`, `supervisor`, `holder`) or one group only" },
    { name: "since", value: "duration", summary: "only what is younger: 30s, 10m, 2h, 1d" },
  ],
  details: [
    systemDetail,
    "Lines are in the order of their times, each behind the name of its process; a line that is no event of the log, such as what a crash leaves, has the time of the one before it. Nothing has to run. Each process keeps between 8 and 16 MiB in `.skein/run/logs/`.",
    "With `--json` each event is one line with `host`, `time`, `level`, `message` and its own fields; any other line has `host`, `time` and `text`.",
  ],
  examples: [
    { line: "skein logs --follow --host orders", does: "what the orders group does now" },
    { line: "skein logs --since 10m --json", does: "for machines" },
  ],
  run: async (given) => (await import("./start/logs.ts")).runLogs(given),
};

const stop: Command = {
  name: "stop",
  summary: "end a running system, after what is in flight",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [],
  details: [systemDetail],
  examples: [{ line: "skein stop", does: "end the system of this directory" }],
  run: async (given) => (await import("./start/stop.ts")).runStop(given),
};

const place: Command = {
  name: "place",
  summary: "change where services run, while they serve",
  usage: "[system.ts] <service>=<group>... [options]",
  argumentsMax: 64,
  options: [
    { name: "file", value: "file", summary: "the whole placement, as skein start takes it" },
    { name: "dry-run", summary: "print the steps and do nothing" },
  ],
  details: [
    systemDetail,
    "New processes are started beside the old ones; when all of them are ready, they get calls, more and more of them, for 15 s and a rest of up to 6 s for each new process; then all calls go there, and what is in flight ends where it began. A missing group is made with one replica, an emptied one goes. New processes that do not start, end, or fail more calls than the old ones are taken back, and everything is as it was.",
    "The result is kept in `.skein/run/placement.json`, for as long as `skein start` is given the same placement as before; no file of yours is changed. With `--json` the answer is one object: `moved`, `epoch`, `steps`, `dryRun`.",
  ],
  examples: [
    { line: "skein place orders=own", does: "give orders processes of their own" },
    { line: "skein place --file placements/split.json --dry-run", does: "say what would be done" },
  ],
  run: async (given) => (await import("./start/place.ts")).runPlace(given),
};

const roll: Command = {
  name: "roll",
  summary: "bring a running system to another build, while it serves",
  usage: "<directory> [system.ts] [options]",
  argumentsMax: 2,
  options: [
    {
      name: "breaking",
      summary: "also where contracts break: callers outside, and old hosts meanwhile, may rely on what is gone",
    },
    { name: "dry-run", summary: "check the build, print the steps and do nothing" },
  ],
  details: [
    "The directory holds the new build of the same system, with its own `node_modules` where it has any; the hosts run on its `skein`. Its system file is where the running build has it below its package, or of the same name in the directory; a file may be named instead. `system.ts` is the running one's, as for the other commands.",
    "Nothing is begun where the build does not check, where the placement does not fit it, or where its contracts break what the running one promises. Its migrations run first. Then one replica after the other is replaced: the new one starts, serves beside the old one, and when it has proved itself the old one ends after what it has in flight. New hosts that are not ready, end, or fail more calls than the old ones end the roll, and every host is brought back.",
    "The result is kept in `.skein/run/build.json`: `skein start` with the build that it was given before goes on with the one that was rolled to, and says so; with another build that one counts. With `--json` the answer is one object: `build`, `epoch`, `steps`, `dryRun`.",
  ],
  examples: [
    { line: "skein roll ../shop-43", does: "the build in that directory" },
    { line: "skein roll ../shop-43 --dry-run", does: "say what breaks and what would be done" },
  ],
  run: async (given) => (await import("./start/roll.ts")).runRoll(given),
};

const migrate: Command = {
  name: "migrate",
  summary: "bring every database of a system up to its migrations",
  usage: `${systemUsage} [options]`,
  argumentsMax: 1,
  options: [],
  details: [
    systemDetail,
    "Each database under its lock, one after the other; what is applied already stays as it is. `skein start` does the same before its first host, and `skein dev` by itself.",
  ],
  examples: [{ line: "DATABASE_URL=postgres://... skein migrate", does: "in a pipeline, before the new build starts" }],
  run: async (given) => (await import("./start/run.ts")).runMigrate(given),
};

const help: Command = {
  name: "help",
  summary: "show the help of a command",
  usage: "[command]",
  argumentsMax: 1,
  options: [],
  details: [],
  examples: [{ line: "skein help dev", does: "the same as skein dev --help" }],
  run: async (given) => (await import("./help.ts")).runHelp(given, commands),
};

export const commands: readonly Command[] = [
  dev,
  start,
  status,
  logs,
  stop,
  place,
  roll,
  migrate,
  check,
  openapi,
  client,
  help,
];
