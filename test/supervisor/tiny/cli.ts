/**
 * What a build says of itself when a supervisor asks it: sound, promising nothing, without databases unless a `said.json` beside its
 * system file says more. It must never load it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const [command, ...words] = process.argv.slice(2);
const at = words.indexOf("--write");
const contracts = at < 0 ? undefined : words[at + 1];
if (contracts !== undefined)
  writeFileSync(contracts, JSON.stringify({ skein: "contracts/1", system: "tiny", contracts: {} }));
const more = existsSync("said.json") ? (JSON.parse(readFileSync("said.json", "utf8")) as object) : {};
const said = command === "check" ? { endpoints: [], findings: [], connections: [], ...more } : { migrated: "tiny" };
console.log(JSON.stringify(said));
