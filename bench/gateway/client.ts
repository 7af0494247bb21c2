// The load client of `gateway`: keep-alive connections, each with one request in flight, as cheap as Node can be: bytes
// made once, and an answer is read only as far as its status, its length and its end. Prints its figures as JSON. Must
// never count an answer that is not the expected one.
// usage: node client.ts <port> <pid of the server> <calls to warm with> <calls that count>
import { connect, type Socket } from "node:net";
import { cpuSecondsOf, tellsCpu } from "../lib/cpu.ts";
import { path, replyBody, requestBody } from "./order.ts";

const connections = 50;
const [port = 0, serverPid = 0, warmCalls = 0, measuredCalls = 0] = process.argv.slice(2).map(Number);

const request = Buffer.from(
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${requestBody.length}\r\n\r\n${requestBody}`,
);
const headEnd = Buffer.from("\r\n\r\n");
const expected = Buffer.from(replyBody);
/** One answer in so many is compared byte for byte, all by status and length. */
const comparedEvery = 64;

let left = 0;
let count = 0;
let latencies = new Float64Array(0);
let done: () => void = () => undefined;
let broken: (error: Error) => void = () => undefined;

class Connection {
  readonly #socket: Socket;
  #sentMs = 0;
  #rest: Buffer | undefined;

  constructor() {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.on("error", (error) => broken(error));
    this.#socket.on("close", () => broken(new Error("the server closed a connection")));
  }

  send(): void {
    if (left <= 0) return;
    left--;
    this.#sentMs = performance.now();
    this.#socket.write(request);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const bodyAt = bytes.indexOf(headEnd) + headEnd.length;
    if (bodyAt < headEnd.length || bytes.length < bodyAt + expected.length) {
      this.#rest = bytes;
      return;
    }
    this.#rest = undefined;
    // "HTTP/1.1 2"; and one reply to one request: nothing may follow it.
    const isWrong =
      bytes[9] !== 0x32 ||
      bytes.length !== bodyAt + expected.length ||
      (count % comparedEvery === 0 && !bytes.subarray(bodyAt).equals(expected));
    if (isWrong) return broken(new Error(`not the expected answer: ${bytes.toString("latin1")}`));
    latencies[count++] = performance.now() - this.#sentMs;
    if (count === latencies.length) done();
    else this.send();
  }
}

function serve(pool: readonly Connection[], calls: number): Promise<void> {
  left = calls;
  count = 0;
  latencies = new Float64Array(calls);
  return new Promise((resolve, reject) => {
    done = resolve;
    broken = reject;
    for (const connection of pool) connection.send();
  });
}

/**
 * Never asleep: waking a sleeping client costs the server's every write an interrupt to the other core, dear on a virtual
 * machine, and dearer the slower the server is, since a fast one finds the client awake.
 */
const spin = (): void => void setImmediate(spin);
spin();

const pool = Array.from({ length: connections }, () => new Connection());
await serve(pool, warmCalls);
const serverBefore = tellsCpu ? cpuSecondsOf(serverPid) : undefined;
const ownBefore = process.cpuUsage();
const startMs = performance.now();
await serve(pool, measuredCalls);
const seconds = (performance.now() - startMs) / 1000;
const own = process.cpuUsage(ownBefore);
const serverAfter = tellsCpu ? cpuSecondsOf(serverPid) : undefined;
latencies.sort();
const quantile = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] as number;
const cpu = serverBefore === undefined || serverAfter === undefined ? undefined : serverAfter - serverBefore;
console.log(
  JSON.stringify({
    perSecond: measuredCalls / seconds,
    ...(cpu !== undefined && { cpuSecondsPer100k: (cpu / measuredCalls) * 100_000, serverBusyShare: cpu / seconds }),
    clientBusyShare: (own.user + own.system) / 1e6 / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  }),
);
process.exit(0);
