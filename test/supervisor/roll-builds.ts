/** Owns builds of a small system, written into directories of their own. It must never share a file between two of them. */
import assert from "node:assert/strict";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "../..");

export const placement = {
  groups: {
    front: { services: ["gateway", "pages"] },
    stock: { services: ["stock"], replicas: 2 },
  },
};

/** What a build does differently from the first one. */
export interface Variant {
  readonly name: string;
  /** A field and a method more, and a field less. */
  readonly isSecond?: boolean;
  /** Code of stock's `ready` hook. */
  readonly ready?: string;
  /** Runs first in stock's handler. */
  readonly find?: string;
  /** Further services, as code. */
  readonly more?: string;
  readonly system?: string;
  /** It has a Skein of its own, as an installation has it: the one that was built last. */
  readonly isInstalled?: boolean;
  /** Of that: its gateway cannot read a single request, or knows no route. */
  readonly gateway?: "broken" | "lost";
}

/** Inside the repository, so that the builds find its packages. */
export function makeDirectory(): string {
  return mkdtempSync(path.join(import.meta.dirname, ".builds-"));
}

export function writeBuild(at: string, variant: Variant): string {
  const directory = path.join(at, variant.name);
  mkdirSync(directory);
  writeFileSync(path.join(directory, "system.ts"), codeOf(variant));
  if (variant.isInstalled === true) install(directory, variant.gateway);
  return directory;
}

function install(directory: string, gateway: Variant["gateway"]): void {
  const dist = path.join(root, "dist");
  assert.ok(existsSync(dist), "there is no build: npm run build");
  writeFileSync(path.join(directory, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  const skein = path.join(directory, "node_modules/skein");
  cpSync(dist, path.join(skein, "dist"), { recursive: true });
  const target = path.join(skein, "dist/gateway/target.js");
  if (gateway === "broken") appendFileSync(target, `readTarget = () => { throw new Error("no way in"); };`);
  if (gateway === "lost") appendFileSync(target, `readTarget = () => ({ path: "/elsewhere", query: "" });`);
  // The supervisor of these tests runs from sources, which an installed package does not have.
  const text = readFileSync(path.join(root, "package.json"), "utf8").replaceAll('"skein-src"', '"skein-src-elsewhere"');
  writeFileSync(path.join(skein, "package.json"), text);
}

function codeOf({ name, isSecond = false, ready, find = "", more = "", system = "rolls" }: Variant): string {
  const field = isSecond ? "added" : "removed";
  const count = isSecond ? `count: query({ output: z.number() }),` : "";
  return `
import * as z from "zod";
import { contract, database, migration, query, service, system } from "skein";
const Stock = contract("stock", {
  find: query({
    input: z.object({ sku: z.string(), ${field}: z.string().optional() }),
    output: z.object({ sku: z.string(), by: z.string(), ${field}: z.string().optional() }),
  }),
  ${count}
});
const Pages = contract("pages", { home: query({ output: z.array(z.string()), http: "GET /home" }) });
const migrations = [
  migration("001_a", ["create table a (id integer primary key)"]),
  ${isSecond ? `migration("002_b", ["create table b (id integer primary key)"]),` : ""}
];
const has = { db: database("stock", { dialect: "portable", migrations }) };
const stock = service(Stock, { has, policy: { find: { access: "internal" }, ${isSecond ? `count: { access: "internal" }` : ""} } });
const pages = service(Pages, { uses: { stock: Stock }, policy: { home: { access: "public" } } });
export default system(${JSON.stringify(system)}, {
  services: [
    stock.implement({
      find({ sku, ${field} }) { ${find} return { sku, by: ${JSON.stringify(name)}, ${field} }; },
      ${isSecond ? "count: () => 7," : ""}
    }, { ${ready === undefined ? "" : `ready() { ${ready} },`} }),
    pages.implement({
      async home(_input, { stock }) {
        const { by } = await stock.find({ sku: "a", ${field}: "x" });
        ${isSecond ? `if (await stock.count() !== 7) throw new Error("miscounted");` : ""}
        return [${JSON.stringify(name)}, by];
      },
    }),
    ${more}
  ],
});
`;
}
