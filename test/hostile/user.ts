/**
 * Owns the normal user: 50 requests per second, each timed from the instant it was due. Speaks to its parent by messages.
 * Must never be slowed down by an answer that is late: it is an open loop.
 */
import { Agent, get } from "node:http";

const url = process.argv[2] ?? "";
const paths = ["/products?limit=10", "/home", "/health/live", "/products?q=mug"];
const agent = new Agent({ keepAlive: true, maxSockets: 20 });
const everyMs = 20;
/** As the fault harness counts: a GET that failed is sent again at most twice, as RFC 9110 permits, when the server says so. */
const resendsMax = 2;
const backoffMs = 100;
let took: number[] = [];
let failed = 0;
let resent = 0;
let errors: string[] = [];
let sent = 0;
const began = performance.now();

function ask(path: string, due: number, resends: number): void {
  let isOver = false;
  const end = (error: string | undefined, afterMs: number): void => {
    if (isOver) return;
    isOver = true;
    if (error !== undefined) errors.push(`${path}: ${error}`);
    if (error !== undefined && resends > 0) {
      resent++;
      return void setTimeout(() => ask(path, due, resends - 1), afterMs);
    }
    took.push(performance.now() - due);
    if (error !== undefined) failed++;
  };
  const request = get(url + path, { agent, timeout: 10_000 }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    response.on("error", ({ message }) => end(message, backoffMs));
    response.on("end", () => {
      if (response.statusCode === 200) return end(undefined, 0);
      const afterMs = Number(response.headers["retry-after"] ?? 0) * 1_000 || backoffMs;
      end(`${response.statusCode} ${/"code":"([A-Z_]+)"/.exec(text)?.[1] ?? ""}`.trim(), afterMs);
    });
  });
  request.on("timeout", () => request.destroy(new Error("no answer in 10 s")));
  request.on("error", ({ message }) => end(message, backoffMs));
}

setInterval(() => {
  while (began + sent * everyMs <= performance.now()) {
    const due = began + sent * everyMs;
    ask(paths[sent++ % paths.length] ?? "", due, resendsMax);
  }
}, 5);

process.on("message", () => {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  process.send?.({
    requests: sorted.length,
    failed,
    resent,
    errors: errors.slice(0, 10),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  });
  took = [];
  failed = resent = 0;
  errors = [];
});
process.on("disconnect", () => process.exit(0));
