/**
 * Owns the hostile run: the shop in one process, a normal user in another, and the corpus fired from this one. Must judge
 * by what was measured beside a quiet run of the same processes, since the machine is shared.
 *
 *   node --conditions=skein-src test/hostile/run.ts [--json] [--only <part of a name>] [--no-crowds]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { type Entry, readCorpus } from "./corpus.ts";
import { type CrowdVerdict, runCrowds } from "./crowds.ts";
import { fire, type Verdict } from "./fire.ts";

export interface Look {
  readonly blockMsMax: number;
  readonly blockMsP99: number;
  readonly rss: number;
  readonly rssMax: number;
  readonly polluted: boolean;
}
export interface UserLook {
  readonly requests: number;
  /** Without an answer after two resends. */
  readonly failed: number;
  readonly resent: number;
  /** The first failures of single tries. */
  readonly errors: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
export interface HostileReport {
  readonly entries: number;
  readonly verdicts: readonly Verdict[];
  readonly crowds: readonly CrowdVerdict[];
  readonly quiet: { readonly user: UserLook; readonly server: Look };
  readonly attacked: { readonly user: UserLook; readonly server: Look };
  /** The longest block of the event loop while each entry ran alone, where it was above 20 ms in four runs of four. */
  readonly blocks: ReadonlyArray<{ readonly name: string; readonly ms: number }>;
  readonly violations: readonly string[];
}
export interface HostileOptions {
  readonly entries?: readonly Entry[];
  readonly withCrowds?: boolean;
  readonly quietMs?: number;
}

const blockMsMax = 20;
/** Of the user's requests, those that are served at a second try: one that comes when the machine holds the server up for half a second. */
const resentShareMax = 0.01;

export async function runHostile(options: HostileOptions = {}): Promise<HostileReport> {
  const entries = options.entries ?? readCorpus();
  const quietMs = options.quietMs ?? 10_000;
  const server = start("server.ts");
  const [{ url }] = (await once(server, "message")) as [{ url: string }];
  const port = Number(new URL(url).port);
  const user = start("user.ts", url);
  let died: string | undefined;
  server.once("exit", (code, signal) => (died = `the server ended: ${code ?? signal}`));
  try {
    // Warm, and not judged.
    await delay(2_000);
    await Promise.all([ask<UserLook>(user), ask<Look>(server)]);
    await delay(quietMs);
    const quiet = { user: await ask<UserLook>(user), server: await ask<Look>(server) };
    const crowds = options.withCrowds === false ? Promise.resolve([]) : runCrowds(port);
    const verdicts: Verdict[] = [];
    const blocks: Array<{ name: string; ms: number }> = [];
    let last = quiet.server;
    for (const entry of entries) {
      verdicts.push(await fire(port, entry));
      if (died !== undefined) throw new Error(`${died} during ${entry.name}`);
      last = keepMost(last, await ask<Look>(server));
      if (last.blockMsMax > blockMsMax) blocks.push({ name: entry.name, ms: Math.round(last.blockMsMax) });
      last = { ...last, blockMsMax: 0 };
    }
    const crowdVerdicts = await crowds;
    const attacked = { user: await ask<UserLook>(user), server: keepMost(last, await ask<Look>(server)) };
    const confirmed = await confirm(port, server, entries, blocks);
    const report = { entries: entries.length, verdicts, crowds: crowdVerdicts, quiet, attacked, blocks: confirmed };
    return { ...report, violations: violationsOf(report) };
  } finally {
    user.disconnect();
    if (server.connected) server.send("stop");
    await (died === undefined ? once(server, "exit") : undefined);
  }
}

/** A block that an entry causes comes again; one that the machine causes seldom does. */
async function confirm(
  port: number,
  server: ChildProcess,
  entries: readonly Entry[],
  blocks: ReadonlyArray<{ readonly name: string; readonly ms: number }>,
): Promise<Array<{ name: string; ms: number }>> {
  const confirmed: Array<{ name: string; ms: number }> = [];
  for (const { name, ms } of blocks) {
    const entry = entries.find((one) => one.name === name);
    if (entry === undefined) continue;
    let least = ms;
    for (let again = 0; again < 3; again++) {
      await ask<Look>(server);
      await fire(port, entry);
      least = Math.min(least, (await ask<Look>(server)).blockMsMax);
    }
    if (least > blockMsMax) confirmed.push({ name, ms: Math.round(least) });
  }
  return confirmed;
}

function violationsOf({ verdicts, crowds, quiet, attacked, blocks }: Omit<HostileReport, "violations">): string[] {
  const found = [...verdicts, ...crowds].flatMap(({ name, violation }) => (violation ? [`${name}: ${violation}`] : []));
  // What the loop was blocked for while nobody attacked is the machine's share.
  const blockMax = Math.max(blockMsMax, quiet.server.blockMsMax);
  for (const { name, ms } of blocks) if (ms > blockMax) found.push(`${name}: blocks the event loop for ${ms} ms`);
  const { failed, resent, requests, errors } = attacked.user;
  const why = errors.join(", ");
  if (failed > 0) found.push(`the user lost ${failed} of ${requests}: ${why}`);
  if (resent > requests * resentShareMax) found.push(`the user sent ${resent} of ${requests} again: ${why}`);
  // Below 10 ms a p99 is the machine's, not the gateway's.
  const p99Max = Math.max(10, quiet.user.p99Ms * 2);
  if (attacked.user.p99Ms > p99Max) found.push(`the user's p99 is ${attacked.user.p99Ms.toFixed(1)} ms`);
  if (attacked.server.polluted) found.push("Object.prototype has changed");
  return found;
}

function keepMost(one: Look, other: Look): Look {
  return { ...other, rssMax: Math.max(one.rssMax, other.rssMax), polluted: one.polluted || other.polluted };
}

function start(file: string, ...args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ["--conditions=skein-src"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

async function ask<T>(child: ChildProcess): Promise<T> {
  child.send("look");
  const [answer] = (await once(child, "message")) as [T];
  return answer;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
  const entries = readCorpus().filter(({ name }) => only === undefined || name.includes(only));
  const report = await runHostile({ entries, withCrowds: !args.includes("--no-crowds") });
  if (args.includes("--json")) console.log(JSON.stringify(report));
  else {
    const { quiet, attacked, crowds, violations } = report;
    console.log(`${report.entries} entries, ${violations.length} violations`);
    for (const violation of violations) console.log(`  ${violation}`);
    for (const { name, sockets, cutAfterMsMax } of crowds)
      console.log(`${sockets} ${name}: cut by ${cutAfterMsMax} ms`);
    console.log("user, quiet and attacked:", quiet.user, attacked.user);
    console.log("server, quiet and attacked:", quiet.server, attacked.server);
  }
  process.exitCode = report.violations.length === 0 ? 0 : 1;
}
