/**
 * Owns one seed of the repository's simulation: a placement, faults and calls chosen by it, and what must be true of them
 * afterwards. It must never forgive: whatever is lost, doubled, mixed up or late is a violation.
 */
import { createSeededRandom, type Random, sleep } from "../../src/core/index.ts";
import { isSkeinError, type SkeinError } from "../../src/errors/index.ts";
import { type Cluster, type Faults, simulate, type SimulationReport } from "../../src/testing/index.ts";
import { Accounts, bank, Front } from "../../src/testing/simulation/fixtures/bank.ts";

export interface SeedResult {
  readonly report: SimulationReport;
  /** Empty when everything held. */
  readonly violations: readonly string[];
  /** The latest events, oldest first. */
  readonly lines: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
}

const operations = 40;
/** Between two calls at most, in milliseconds. */
const gapMsMax = 120;
/** How much later than its deadline a call may end: one tick of the host's timers. */
const lateMsMax = 11;
const resends = 20;

/** One seed of so many has rolling updates on a slow network, and nothing that may lose a call. */
const gentleOneOf = 5;
const gentle: Faults = { delay: [0.05, 15], duplicate: 0.05, reorder: 0.05, drain: { every: 400 } };

type Kind = "deposit" | "pay" | "balance" | "page" | "history";

/** A call as its client sees it. */
interface Sent {
  readonly op: string;
  readonly kind: Kind;
  readonly closed: boolean;
  readonly send: () => Promise<unknown>;
  readonly startedMs: number;
  readonly timeoutMs: number;
  endedMs: number | undefined;
  reply: unknown;
  error: SkeinError | undefined;
  /** Of a stream: where its handler began, and how often another one went on. */
  from: number;
  moves: number;
}

/** Runs one seed; resolves whatever it finds. */
export async function runSeed(seed: number): Promise<SeedResult> {
  const random = createSeededRandom(`${seed}/workload`);
  const violations: string[] = [];
  const isGentle = random.int(gentleOneOf) === 0;
  const placement = placementBy(random, isGentle);
  const cluster = await simulate(bank, { seed, placement, faults: isGentle ? gentle : faultsBy(random) });
  try {
    const sent: Sent[] = [];
    const epochs = new Map<string, number>();
    for (let i = 0; i < operations; i++) {
      sent.push(start(cluster, random, `${seed}-${i}`));
      await cluster.clock.advance(random.float() * gapMsMax);
      checkEpochs(cluster, epochs, violations);
    }
    await cluster.calm();
    await cluster.idle();
    checkEpochs(cluster, epochs, violations);
    for (const one of sent) checkEnd(one, violations);
    if (isGentle) checkNothingLost(sent, violations);
    await resendUnknown(cluster, sent, violations);
    await cluster.idle();
    await checkEffects(cluster, sent, violations);
    return { report: cluster.report, violations, lines: cluster.trace.lines, outcomes: countOutcomes(sent) };
  } catch (error) {
    // A cluster that does not come to rest is a finding, and no accident of the run.
    violations.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    return { report: cluster.report, violations, lines: cluster.trace.lines, outcomes: {} };
  } finally {
    await cluster.close();
  }
}

/** Any partition of the services, each group once or twice; always twice where nobody may be missing. */
function placementBy(random: Random, isGentle: boolean): object {
  const groups: Record<string, { services: string[]; replicas: number; singleton?: boolean }> = {};
  for (const service of ["gateway", "front", "accounts", "ledger", "rates"]) {
    const group = `g${random.int(4)}`;
    (groups[group] ??= { services: [], replicas: isGentle ? 2 : 1 + random.int(2) }).services.push(service);
  }
  for (const group of Object.values(groups))
    group.singleton = !group.services.includes("gateway") && random.int(6) === 0;
  return { groups };
}

/** Each kind of fault in half of the seeds. */
function faultsBy(random: Random): Faults {
  const some = <T>(fault: T): T | undefined => (random.int(2) === 0 ? fault : undefined);
  const faults = {
    delay: [0.05, random.int(2) === 0 ? 2 : 40] as const,
    loss: some(0.02),
    duplicate: some(0.05),
    reorder: some(0.1),
    crash: some({ every: 1_500, lasts: 400, power: true }),
    drain: some({ every: 1_500 }),
    pause: some({ every: 1_500, lasts: 700 }),
    partition: some({ every: 1_500, lasts: 900 }),
    cut: some({ every: 800 }),
  };
  return Object.fromEntries(Object.entries(faults).filter(([, fault]) => fault !== undefined));
}

function start(cluster: Cluster, random: Random, op: string): Sent {
  const kind = (["deposit", "deposit", "pay", "balance", "page", "history"] as const)[random.int(6)] as Kind;
  const timeoutMs = [300, 1_000, 4_000][random.int(3)] as number;
  const closed = kind === "deposit" && random.int(6) === 0;
  const account = closed ? "closed" : (["a", "b", "c"][random.int(3)] as string);
  const items = random.int(30);
  const bounded = { timeout: timeoutMs };
  const keyed = { ...bounded, key: `key-of-operation-${op}` };
  const send = async (): Promise<unknown> => {
    if (kind === "deposit") return cluster.client(Accounts).deposit({ op, account, amount: 1 }, keyed);
    if (kind === "pay") return cluster.client(Front).pay({ op, account, amount: 1 }, keyed);
    if (kind === "balance") return cluster.client(Accounts).balance({ op, account }, bounded);
    if (kind === "page") return cluster.client(Front).page({ op }, bounded);
    let i = 0;
    for await (const item of cluster.client(Accounts).history({ op, items }, bounded)) {
      if (item.from > one.from) one.moves++;
      one.from = item.from;
      if (item.op !== op || item.i !== i++) throw new Error(`item ${item.i} of ${item.op} came as ${i - 1} of ${op}`);
    }
    if (i !== items) throw new Error(`${i} of ${items} items came, and the end`);
    return { op };
  };
  const startedMs = cluster.clock.monotonic();
  const one: Sent = {
    op,
    kind,
    closed,
    send,
    startedMs,
    timeoutMs,
    endedMs: undefined,
    reply: undefined,
    error: undefined,
    from: 0,
    moves: 0,
  };
  void settle(cluster, one);
  return one;
}

async function settle(cluster: Cluster, one: Sent): Promise<void> {
  try {
    one.reply = await one.send();
    one.error = undefined;
  } catch (error) {
    one.reply = undefined;
    one.error = isSkeinError(error) ? error : ({ code: "foreign", message: String(error), outcome: "failed" } as never);
  }
  one.endedMs ??= cluster.clock.monotonic();
}

function checkEnd({ op, kind, closed, startedMs, timeoutMs, endedMs, reply, error }: Sent, violations: string[]): void {
  const say = (what: string): void => void violations.push(`${kind} ${op}: ${what}`);
  if (endedMs === undefined) return say("it never ended");
  const lateMs = endedMs - startedMs - timeoutMs;
  if (lateMs > lateMsMax) say(`it ended ${lateMs.toFixed(1)} ms after its deadline of ${timeoutMs} ms`);
  if (reply !== undefined && (reply as { op: string }).op !== op)
    say(`it got the reply of ${(reply as { op: string }).op}`);
  if (reply !== undefined && closed) say("the account is closed, and it went through");
  // Everything that may go wrong here is the network's and the hosts' doing.
  const own = new Set([
    "CLOSED",
    "SKEIN_CALL_DEADLINE",
    "SKEIN_CALL_CANCELED",
    "SKEIN_HOST_DRAINING",
    "SKEIN_KEY_IN_FLIGHT",
    "SKEIN_MOVED",
  ]);
  if (error !== undefined && !own.has(error.code) && !/^SKEIN_(TRANSPORT|DATA|LEADER|LEASE)_/.test(error.code))
    say(`it failed as nothing here should: ${error.code} ${error.message}`);
}

/** Where hosts only end when they are asked to, each call has a place to go, and one that was sent comes to its end. */
function checkNothingLost(sent: readonly Sent[], violations: string[]): void {
  for (const { kind, op, error } of sent) {
    if (error === undefined || error.code === "CLOSED" || error.code === "SKEIN_CALL_DEADLINE") continue;
    violations.push(`${kind} ${op}: lost in a rolling update, ${error.code} ${error.message}`);
  }
}

/** What may have happened is sent again, with the same key, until it is known. */
async function resendUnknown(cluster: Cluster, sent: readonly Sent[], violations: string[]): Promise<void> {
  for (const one of sent) {
    if (one.error?.outcome !== "unknown" || one.closed || (one.kind !== "deposit" && one.kind !== "pay")) continue;
    for (let i = 0; i < resends && one.error !== undefined; i++) {
      await cluster.run(settle(cluster, one));
      if (one.error !== undefined) await cluster.run(sleep(cluster.clock, 500));
    }
    if (one.error !== undefined)
      violations.push(`${one.kind} ${one.op}: ${resends} resends, and still ${one.error.code}`);
  }
}

async function checkEffects(cluster: Cluster, sent: readonly Sent[], violations: string[]): Promise<void> {
  for (const [kind, database] of [
    ["deposit", "accounts"],
    ["pay", "ledger"],
  ] as const) {
    const rows = await cluster.rows(database, "select op, count(*) as times from entries group by op");
    const times = new Map(rows.map((row) => [row["op"], Number(row["times"])]));
    for (const one of sent) {
      if (one.kind !== kind) continue;
      const found = times.get(one.op) ?? 0;
      times.delete(one.op);
      const wanted = one.reply !== undefined ? 1 : 0;
      if (found === wanted || (one.closed && found === 0)) continue;
      const end = one.error === undefined ? "ok" : `${one.error.code} ${one.error.outcome}`;
      violations.push(`${kind} ${one.op}: ${end}, and ${found} effects`);
    }
    for (const op of times.keys()) violations.push(`${kind}: an effect of ${String(op)}, which nobody sent`);
  }
  const events = new Map<string, number>();
  for (const { value } of await cluster.events) {
    const { op } = value as { op: string };
    events.set(op, (events.get(op) ?? 0) + 1);
  }
  for (const { kind, op, reply } of sent)
    if (kind === "deposit" && (events.get(op) ?? 0) !== (reply === undefined ? 0 : 1))
      violations.push(`deposit ${op}: ${events.get(op) ?? 0} events`);
}

function checkEpochs(cluster: Cluster, epochs: Map<string, number>, violations: string[]): void {
  for (const { name, epoch, state } of cluster.hosts) {
    if (state === "down") continue;
    const before = epochs.get(name) ?? -1;
    if (epoch < before) violations.push(`${name} went back from routes ${before} to ${epoch}`);
    epochs.set(name, epoch);
  }
}

function countOutcomes(sent: readonly Sent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error, moves } of sent) {
    const end = error === undefined ? "ok" : `${error.code} ${error.outcome}`;
    counts[end] = (counts[end] ?? 0) + 1;
    if (moves > 0) counts["moved"] = (counts["moved"] ?? 0) + moves;
  }
  return counts;
}
