/**
 * Owns growing the corpus: entries mutated by a seed and fired at the shop; what is answered 5xx, or ends the server, is
 * written to the corpus for replay. Must find the same again with the same seed.
 *
 *   node --conditions=skein-src test/hostile/fuzz.ts [--seed 1] [--count 500]
 */
import { writeFileSync } from "node:fs";
import { createSeededRandom, type Random } from "../../src/core/index.ts";
import { startShop } from "../shop/running.ts";
import { type Entry, piecesOf, readCorpus } from "./corpus.ts";
import { fire } from "./fire.ts";

const bytesMax = 20_000;
const spice = [
  "\r\n",
  "\0",
  " ",
  "\t",
  "%",
  "%00",
  "..",
  "/",
  "\\",
  ":",
  "chunked",
  "Host: b\r\n",
  "0\r\n\r\n",
  '"',
  "{",
  "\xff",
  "_",
  "1",
];

/** One to four small changes: bytes cut, doubled, swapped, or something spicy put in. */
export function mutate(text: string, random: Random): string {
  let changed = text;
  for (let left = 1 + random.int(4); left > 0; left--) {
    const at = random.int(changed.length + 1);
    const length = 1 + random.int(8);
    const how = random.int(4);
    const rest = changed.slice(at + (how === 0 || how === 3 ? length : 0));
    const piece = changed.slice(at, at + length);
    const put =
      how === 0
        ? ""
        : how === 1
          ? piece
          : how === 2
            ? (spice[random.int(spice.length)] ?? "")
            : String.fromCharCode(random.int(256));
    changed = changed.slice(0, at) + put + rest;
  }
  return changed;
}

function small(entry: Entry): string | undefined {
  let text = "";
  for (const piece of piecesOf(entry.parts)) {
    text += piece.toString("latin1");
    if (text.length > bytesMax) return undefined;
  }
  return text;
}

async function main(): Promise<void> {
  const option = (name: string, otherwise: number): number => {
    const at = process.argv.indexOf(name);
    return at < 0 ? otherwise : Number(process.argv[at + 1]);
  };
  const seed = option("--seed", 1);
  const count = option("--count", 500);
  const random = createSeededRandom(seed);
  const texts = readCorpus().flatMap((entry) => small(entry) ?? []);
  const shop = await startShop();
  const port = Number(new URL(shop.url).port);
  const found: Entry[] = [];
  // What a mutant asks for may be right; only a failure of the server is a finding.
  const shoot = async (index: number): Promise<void> => {
    const text = mutate(texts[random.int(texts.length)] ?? "", random);
    const entry: Entry = { name: `fuzz ${seed}.${index}`, expect: "harmless", parts: [text] };
    const verdict = await fire(port, entry);
    if (verdict.statuses.some((status) => status >= 500)) found.push(entry);
  };
  for (let index = 0; index < count; index += 40)
    await Promise.all(Array.from({ length: Math.min(40, count - index) }, (_, i) => shoot(index + i)));
  await shop.close();
  console.log(`seed ${seed}: ${count} mutants, ${found.length} answered 5xx`);
  if (found.length > 0) {
    const file = new URL(`corpus/fuzz-${seed}.json`, import.meta.url);
    writeFileSync(file, `[\n${found.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`);
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
