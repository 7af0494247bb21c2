/**
 * Owns the client of the big bodies: sends content as it is made, takes it back, whole and in ranges, and compares hashes.
 * usage: client.ts <url> <name> <bytes> <upload|download|ranges>; the last line is one object. Must never hold the content.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { contentOf } from "./content.ts";

const [url = "", name = "", given = "", step = ""] = process.argv.slice(2);
const size = Number(given);
const target = `${url}/files/${name}`;
const rangesWanted = 16;

function expected(start: number, end: number): string {
  const hash = createHash("sha256");
  for (const block of contentOf(start, end)) hash.update(block);
  return hash.digest("hex");
}

async function upload(): Promise<boolean> {
  const hash = createHash("sha256");
  const sent = request(target, { method: "PUT", headers: { "content-length": size } });
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  for (const block of contentOf(0, size)) {
    hash.update(block);
    if (!sent.write(block)) await once(sent, "drain");
  }
  sent.end();
  const [response] = await answered;
  const text = (await response.toArray()).join("");
  const reply = JSON.parse(text) as { bytes: number; sha256: string };
  return reply.bytes === size && reply.sha256 === hash.digest("hex");
}

async function take(range?: readonly [start: number, end: number]): Promise<{ ok: boolean; sha256: string }> {
  const headers = range === undefined ? {} : { range: `bytes=${range[0]}-${range[1] - 1}` };
  const asked = request(target, { headers });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    hash.update(chunk);
    length += chunk.length;
  }
  const [start, end] = range ?? [0, size];
  const isStatus = response.statusCode === (range === undefined ? 200 : 206);
  const isRange = range === undefined || response.headers["content-range"] === `bytes ${start}-${end - 1}/${size}`;
  return { ok: isStatus && isRange && length === end - start, sha256: hash.digest("hex") };
}

async function ranges(): Promise<boolean> {
  // Ends that no block and no chunk has.
  const step = Math.ceil(size / rangesWanted) + 7;
  for (let start = 0; start < size; start += step) {
    const end = Math.min(size, start + step);
    const { ok, sha256 } = await take([start, end]);
    if (!ok || sha256 !== expected(start, end)) return false;
  }
  return true;
}

const startedMs = performance.now();
let ok: boolean;
if (step === "upload") ok = await upload();
else if (step === "download") {
  const { ok: isWhole, sha256 } = await take();
  ok = isWhole && sha256 === expected(0, size);
} else ok = await ranges();
const seconds = (performance.now() - startedMs) / 1_000;
console.log(JSON.stringify({ ok, seconds, mbPerSecond: size / 1e6 / seconds }));
process.exitCode = ok ? 0 : 1;
