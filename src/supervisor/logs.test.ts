/** Owns what is promised of logs: a size, one order, no line lost to a cut. */
import assert from "node:assert/strict";
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { lineSink, olderOf, trimLog } from "./log-file.ts";
import { Logs } from "./read-logs.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "skein-logs-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const at = (host: string) => path.join(directory, `${host}.log`);
const event = (second: number, message: string) =>
  JSON.stringify({ time: new Date(second * 1_000).toISOString(), level: "info", message });
const write = (host: string, ...lines: readonly string[]) =>
  appendFileSync(at(host), lines.map((line) => `${line}\n`).join(""));
const shown = (logs: Logs, isWhole = true) =>
  [...logs.entries(isWhole)].map(({ host, line, fields }) => `${host} ${(fields?.["message"] as string) ?? line}`);

test("several logs are one by time; a line that is no event keeps its place behind the one before it", () => {
  write("b-1", event(2, "two"), "Error: boom", "    at x", event(5, "five"));
  write("a-1", "native, before anything", event(1, "one"), event(3, "three"), '{"not":"an event"}');
  appendFileSync(at("a-1"), "cut off");
  assert.deepEqual(shown(new Logs(directory)), [
    "a-1 native, before anything",
    "a-1 one",
    "b-1 two",
    "b-1 Error: boom",
    "b-1     at x",
    "a-1 three",
    'a-1 {"not":"an event"}',
    "a-1 cut off",
    "b-1 five",
  ]);
  assert.equal(shown(new Logs(directory, (host) => host === "b-1")).length, 4);
  assert.deepEqual(shown(new Logs(path.join(directory, "nowhere"))), []);
});

test("reading along misses nothing and says nothing twice: new hosts, half lines, cuts by whoever", () => {
  const logs = new Logs(directory);
  write("a-1", event(1, "one"));
  assert.deepEqual(shown(logs, false), ["a-1 one"]);
  const half = event(2, "two");
  appendFileSync(at("a-1"), half.slice(0, 20));
  assert.deepEqual(shown(logs, false), []);
  appendFileSync(at("a-1"), `${half.slice(20)}\n`);
  write("b-1", event(3, "three"));
  assert.deepEqual(shown(logs, false), ["a-1 two", "b-1 three"]);
  write("a-1", event(4, "four"));
  trimLog(at("a-1"), 0);
  write("a-1", event(5, "five"));
  assert.deepEqual(shown(logs, false), ["a-1 four", "a-1 five"]);
  // One that had no room to keep what was in it.
  truncateSync(at("a-1"));
  assert.deepEqual(shown(logs, false), []);
  write("a-1", event(6, "6"));
  assert.deepEqual(shown(logs, false), ["a-1 6"]);
  const left = shown(new Logs(directory)).filter((line) => line.startsWith("a-1"));
  assert.deepEqual(left, ["a-1 one", "a-1 two", "a-1 four", "a-1 6"]);
});

test("a log is cut at its limit, its writer goes on at the beginning, and what was in it is kept once", () => {
  const descriptor = openSync(at("a-1"), "a");
  const say = lineSink(descriptor);
  for (let i = 0; i < 1_000; i++) {
    say("info", event(i, `line ${i}`));
    trimLog(at("a-1"), 10_000);
  }
  closeSync(descriptor);
  const [newer = 0, older = 0] = [at("a-1"), olderOf(at("a-1"))].map((file) => statSync(file).size);
  assert.ok(newer <= 10_000 && older <= 10_100 && older > 9_000, `${newer} ${older}`);
  const lines = shown(new Logs(directory));
  const first = 1_000 - lines.length;
  assert.deepEqual(
    lines,
    Array.from({ length: lines.length }, (_, i) => `a-1 line ${first + i}`),
  );
});

test("a disk that takes nothing more is no failure", () => {
  const full = openSync(process.platform === "linux" ? "/dev/full" : "/dev/null", "w");
  lineSink(full)("info", "lost");
  closeSync(full);
  trimLog(path.join(directory, "nowhere.log"));
});
