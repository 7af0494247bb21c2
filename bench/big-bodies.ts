/**
 * An upload and downloads of gigabytes through the gateway, whole and in ranges: the server's memory, megabytes a second,
 * every byte checked by hash. usage: node --conditions=skein-src bench/big-bodies.ts [--bytes 2147483648] [--json]
 * Exits with 1 when content was wrong or the server grew by more than 30 MiB. Writes a file of that size to the temporary
 * folder and removes it.
 */
import { growthBytesMax, runBigBodies } from "./big-bodies/run.ts";

const at = process.argv.indexOf("--bytes");
const bytes = at < 0 ? 2 ** 31 : Number(process.argv[at + 1]);
if (!Number.isSafeInteger(bytes) || bytes < 1) {
  console.error("usage: node --conditions=skein-src bench/big-bodies.ts [--bytes 2147483648] [--json]");
  process.exit(2);
}
const result = await runBigBodies(bytes);
const headline = { rssGrowthMiB: result.rssGrowthBytes / 2 ** 20, ok: result.ok };
if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ bench: "big-bodies", node: process.version, ...result, headline }));
} else console.log(result, headline);
process.exitCode = result.ok && result.rssGrowthBytes <= growthBytesMax ? 0 : 1;
