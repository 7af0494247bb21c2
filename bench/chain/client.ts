// The load client of `chain`: warms, then asks at a modest rate whether or not answers come (open loop, latency from the
// intended start), then with so many in flight that the contestant has all it can do. Prints its figures as JSON.
// usage: node client.ts <port> <processes of the contestant, by comma>
import { Connection } from "./connection.ts";
import { type Asked, pages } from "./pages.ts";
import { cpuOf } from "./processes.ts";

/** Pages that warm, 20 calls each; at most so many in flight. */
const warmPages = 2_000;
const warmInFlight = 16;
/** Pages a second of the open loop, and how many. */
const modestPerSecond = 50;
const modestPages = 500;
/** In flight all the time, for so long, at saturation. */
const saturatedInFlight = 64;
const saturatedMs = 3_000;
/** More than this wait means that the contestant does not sustain the rate. */
const connectionsMax = 256;
/** `setTimeout` is a millisecond late or two: the last part of a pause is waited for awake. */
const awakeMs = 2;
/** For each part, on a machine that is busy with something else too. */
const partMs = 120_000;

const port = Number(process.argv[2]);
const pids = (process.argv[3] ?? "").split(",").map(Number);
let broken: (error: Error) => void = () => undefined;
const idle: Connection[] = [];
let opened = 0;
let turn = 0;

const next = (): Asked => pages[turn++ % pages.length] as Asked;

function take(): Connection {
  for (let found = idle.pop(); found !== undefined; found = idle.pop()) {
    if (!found.isOver) return found;
    opened--;
  }
  if (++opened > connectionsMax) broken(new Error(`more than ${connectionsMax} pages under way`));
  return new Connection(port, (error) => broken(error));
}

/** Rejects for a wrong answer, a closed connection, and when nothing more comes. */
function watched<T>(run: (done: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    broken = reject;
    run(resolve);
  });
}

/** Keeps so many in flight until `count` have been answered or `endMs` has come; the latencies. */
function closedLoop(inFlight: number, count: number, endMs: number): Promise<number[]> {
  const latencies: number[] = [];
  let sent = 0;
  let running = inFlight;
  return watched((done) => {
    const ask = (connection: Connection): void => {
      if (sent >= count || performance.now() >= endMs) {
        idle.push(connection);
        if (--running === 0) done(latencies);
        return;
      }
      sent++;
      const sentMs = performance.now();
      connection.ask(next(), () => {
        latencies.push(performance.now() - sentMs);
        idle.push(connection);
        ask(take());
      });
    };
    const all = Array.from({ length: inFlight }, take);
    for (const connection of all) ask(connection);
  });
}

/** Gaps of a Poisson process, the same for every contestant and round (mulberry32). */
function* gapsMs(perSecond: number): Generator<number, never> {
  for (let state = 20_231; ;) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    yield (-Math.log(1 - ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * 1_000) / perSecond;
  }
}

/** Asks when it is time, and never later because an answer is late. */
function openLoop(perSecond: number, count: number): Promise<number[]> {
  const gaps = gapsMs(perSecond);
  const latencies: number[] = [];
  let sent = 0;
  return watched((done) => {
    let dueMs = performance.now() + gaps.next().value;
    const look = (): void => {
      for (; performance.now() >= dueMs && sent < count; dueMs += gaps.next().value) {
        const intendedMs = dueMs;
        const connection = take();
        sent++;
        connection.ask(next(), () => {
          latencies.push(performance.now() - intendedMs);
          idle.push(connection);
          if (latencies.length === count) done(latencies);
        });
      }
      if (sent === count) return;
      const pauseMs = dueMs - performance.now() - awakeMs;
      if (pauseMs > 0) setTimeout(look, pauseMs);
      else setImmediate(look);
    };
    look();
  });
}

function quantile(latencies: readonly number[], share: number): number {
  return latencies.toSorted((a, b) => a - b)[Math.ceil(share * latencies.length) - 1] ?? Number.NaN;
}

/** What a part took of the processor, here and at the contestant. */
async function measured(run: () => Promise<number[]>) {
  const [before, own, startMs] = [cpuOf(pids), process.cpuUsage(), performance.now()];
  const latencies = await run();
  const seconds = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(own);
  return {
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuMs: ((cpuOf(pids) - before) * 1_000) / latencies.length,
    clientBusyShare: (user + system) / 1e6 / seconds,
  };
}

const limit = setTimeout(() => broken(new Error(`nothing within ${partMs} ms`)), partMs);
await closedLoop(warmInFlight, warmPages, Number.POSITIVE_INFINITY);
limit.refresh();
const modest = await measured(() => openLoop(modestPerSecond, modestPages));
limit.refresh();
const saturated = await measured(() =>
  closedLoop(saturatedInFlight, Number.POSITIVE_INFINITY, performance.now() + saturatedMs),
);
console.log(
  JSON.stringify({
    p50Ms: modest.p50Ms,
    p99Ms: modest.p99Ms,
    cpuMsPerPage: modest.cpuMs,
    maxPerSecond: saturated.perSecond,
    maxP50Ms: saturated.p50Ms,
    maxP99Ms: saturated.p99Ms,
    maxCpuMsPerPage: saturated.cpuMs,
    maxClientBusyShare: saturated.clientBusyShare,
    processes: pids.length,
  }),
);
process.exit(0);
