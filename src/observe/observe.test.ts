/** Tests of the recorder, its histogram and the log. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createVirtualClock, Secret } from "../core/index.ts";
import { createLog, createRecorder, Histogram, type LogLevel, silentLog, type Span, withFields } from "./index.ts";

describe("histogram", () => {
  it("is off by at most one step of 32 to a doubling, and never below the true value", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.002, max: 200_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (samples, quantile) => {
          const histogram = new Histogram();
          for (const ms of samples) histogram.record(ms);
          const sorted = samples.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(quantile * samples.length)) - 1] as number;
          const found = histogram.quantile(quantile);
          assert.ok(found >= exact * 0.999_999 && found <= exact * (1 + 1 / 32 + 1e-9), `${found} for ${exact}`);
        },
      ),
    );
  });

  it("has an answer for nothing, for too little and for too much", () => {
    const histogram = new Histogram();
    assert.deepEqual(histogram.summary(), { count: 0, meanMs: 0, maxMs: 0, p50Ms: 0, p99Ms: 0, p999Ms: 0 });
    for (const ms of [0, -1, 1e9]) histogram.record(ms);
    assert.equal(histogram.count, 3);
    assert.equal(histogram.summary().maxMs, 1e9);
    assert.ok(histogram.quantile(1) > 200_000);
  });
});

const span = (fields: Partial<Span>): Span => ({
  traceId: "0".repeat(32),
  id: 1,
  parentId: 0,
  service: "a",
  method: "b",
  caller: undefined,
  startMs: 0,
  durationMs: 1,
  code: "ok",
  cached: false,
  sent: false,
  attempts: 1,
  ...fields,
});

describe("recorder", () => {
  it("keeps the latest spans, oldest first", () => {
    const recorder = createRecorder({ spansMax: 3 });
    assert.deepEqual(recorder.spans(), []);
    for (let id = 1; id <= 8; id++) {
      recorder.record(span({ id }));
      const expected = Array.from({ length: Math.min(3, id) }, (_, i) => id - Math.min(3, id) + 1 + i);
      assert.deepEqual(
        recorder.spans().map((one) => one.id),
        expected,
      );
    }
    const none = createRecorder({ spansMax: 0 });
    none.record(span({}));
    assert.deepEqual(none.spans(), []);
    assert.equal(none.endpoints()[0]?.count, 1);
  });

  it("counts outcomes by code and endpoint, with a limit", () => {
    const recorder = createRecorder();
    for (let i = 0; i < 200; i++) recorder.record(span({ code: `CODE_${i}` }));
    recorder.record(span({ code: "CODE_0" }));
    recorder.record(span({ method: "c" }));
    const [first, second] = recorder.endpoints();
    assert.equal(first?.endpoint, "a.b");
    assert.equal(first?.outcomes["CODE_0"], 2);
    assert.equal(first?.outcomes["other"], 200 - 64);
    assert.deepEqual(second?.outcomes, { ok: 1 });
  });

  it("adds up how often calls were sent", () => {
    const recorder = createRecorder();
    for (const attempts of [1, 3, 2]) recorder.record(span({ sent: true, attempts }));
    recorder.record(span({}));
    const counts = recorder.endpoints().map(({ sent, count, attempts }) => ({ sent, count, attempts }));
    assert.deepEqual(counts, [
      { sent: false, count: 1, attempts: 1 },
      { sent: true, count: 3, attempts: 6 },
    ]);
  });

  it("gives every span an id of its own", () => {
    const recorder = createRecorder();
    assert.equal(new Set(Array.from({ length: 100 }, () => recorder.nextId())).size, 100);
  });
});

function capture(level?: LogLevel) {
  const lines: string[] = [];
  const log = createLog({
    clock: createVirtualClock(),
    sink: (_level, line) => lines.push(line),
    ...(level !== undefined && { level }),
  });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "null") as Record<string, unknown> };
}
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const raw = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

describe("log", () => {
  it("writes one line of JSON whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.anything({ withDate: true, withBigInt: true, withMap: true, withTypedArray: true }),
        (message, field) => {
          const { log, lines, last } = capture();
          log.info(message, { field });
          assert.equal(lines.length, 1);
          assert.ok(!raw.test(lines[0] ?? ""));
          assert.equal(last()["level"], "info");
        },
      ),
    );
  });

  it("escapes what could end or colour a line, in a line that was cut too", () => {
    const nasty = "a\r\n\u001b[31m\u009b\u2028\u2029";
    for (const message of [nasty, nasty + "x".repeat(20_000), nasty.repeat(5_000)]) {
      const { log, lines, last } = capture();
      log.error(message);
      assert.ok(!raw.test(lines[0] ?? ""));
      assert.ok((lines[0] ?? "").length <= 16_384);
      assert.ok(String(last()["message"]).startsWith(nasty));
    }
  });

  it("lets no field stand for its time, level or message", () => {
    const { log, last } = capture();
    log.warn("true", { message: "forged", level: "debug", time: "never", other: 1 });
    assert.deepEqual(last(), { time: "2025-01-01T00:00:00.000Z", level: "warn", message: "true", other: 1 });
  });

  it("redacts by type and by key, at any depth", () => {
    const { log, lines } = capture();
    log.info("m", {
      s: new Secret("canary"),
      deep: { password: "canary", list: [{ apiKey: "canary", "set-cookie": "canary" }] },
      Authorization: "canary",
    });
    assert.ok(!lines[0]?.includes("canary"), lines[0]);
  });

  it("never throws into the code that logs", () => {
    const { log, last } = capture();
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const hostile = {
      get field(): never {
        throw new Error("no");
      },
    };
    log.info("cycle", cycle);
    assert.equal(last()["message"], "cycle");
    log.info("hostile", { hostile });
    assert.deepEqual(last(), { time: "2025-01-01T00:00:00.000Z", level: "info", message: "hostile", unreadable: true });
    log.info("proxy", { error: new Proxy(new Error("x"), { get: () => assert.fail("read") }) });
    assert.equal(last()["message"], "proxy");
  });

  it("shows an error with its code and its causes", () => {
    const { log, last } = capture();
    log.error("m", { error: Object.assign(new Error("outer", { cause: new TypeError("inner") }), { code: "E1" }) });
    const error = last()["error"] as { name: string; code: string; cause: { name: string; message: string } };
    assert.equal(`${error.name} ${error.code} ${error.cause.name} ${error.cause.message}`, "Error E1 TypeError inner");
  });

  it("drops what is below its level, and adds fields", () => {
    const { log, lines, last } = capture("warn");
    log.debug("no");
    log.info("no");
    assert.equal(lines.length, 0);
    withFields(withFields(log, { a: 1, b: 1 }), { b: 2 }).warn("yes", { c: 3 });
    assert.deepEqual(last(), { time: "2025-01-01T00:00:00.000Z", level: "warn", message: "yes", a: 1, b: 2, c: 3 });
    silentLog.error("nothing happens");
  });
});
