/**
 * Owns the normal user: 50 requests per second, each timed from the instant it was due. Speaks to its parent by messages.
 * Must never be slowed down by an answer that is late: it is an open loop.
 */
import { Agent, get } from "node:http";

const url = process.argv[2] ?? "";
const paths = ["/products?limit=10", "/home", "/health/live", "/products?q=mug"];
const agent = new Agent({ keepAlive: true, maxSockets: 20 });
const everyMs = 20;
let took: number[] = [];
let failed = 0;
let sent = 0;
const began = performance.now();

setInterval(() => {
  while (began + sent * everyMs <= performance.now()) {
    const due = began + sent * everyMs;
    get(url + (paths[sent++ % paths.length] ?? ""), { agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.on("end", () => {
        took.push(performance.now() - due);
        if (response.statusCode !== 200) failed++;
      });
    }).on("error", () => failed++);
  }
}, 5);

process.on("message", () => {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  process.send?.({ requests: sorted.length, failed, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) });
  took = [];
  failed = 0;
});
process.on("disconnect", () => process.exit(0));
