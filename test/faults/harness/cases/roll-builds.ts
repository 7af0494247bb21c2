/**
 * Owns builds of the shop: copies of it that differ by a field, a method or a fault. It must never change the shop itself, nor
 * leave a copy behind.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const shop = path.join(import.meta.dirname, "../../../../examples/shop");

/** In this file, this text becomes that one. */
type Patch = readonly [file: string, text: string, becomes: string];

/** Answers and inputs of the catalogue have an optional field of this name. */
function field(name: string): readonly Patch[] {
  const input = `limit: z.int().min(1).max(20).default(6)`;
  return [
    ["catalog/contract.ts", "  available: z.int(),\n", `  available: z.int(),\n  ${name}: z.string().optional(),\n`],
    ["catalog/contract.ts", input, `${input}, ${name}: z.string().optional()`],
    ["catalog/index.ts", "async featured({ limit }", `async featured({ limit, ${name} }`],
    ["catalog/index.ts", "available: levels[row.sku] ?? 0 }));", `available: levels[row.sku] ?? 0, ${name} }));`],
    ["storefront/index.ts", "catalog.featured({})", `catalog.featured({ ${name}: "so" })`],
  ];
}

/** A query that the home page asks: a host that lacks it would fail the page. */
const method: readonly Patch[] = [
  ["catalog/contract.ts", "  version: query(", "  motto: query({ output: z.string() }),\n  version: query("],
  ["catalog/service.ts", "    cards: {", `    motto: { access: "internal" },\n    cards: {`],
  ["catalog/index.ts", "  async version(", '  motto: () => "anew",\n\n  async version('],
  ["storefront/service.ts", `Catalog.pick("featured")`, `Catalog.pick("featured", "motto")`],
  ["storefront/index.ts", "    const lastOrders", "    await catalog.motto();\n    const lastOrders"],
];

const patches = {
  v1: field("kept"),
  v2: [...field("fresh"), ...method],
  /** As v1, and a service of the group that is rolled first is never ready. */
  unready: [
    ...field("kept"),
    [
      "notify/index.ts",
      `    });
  },
});
`,
      `    });
  },
}, { ready() { throw new Error("nobody to tell"); } });
`,
    ],
  ],
  /** As v1, and each home page that comes to that service fails. */
  faulty: [
    ...field("kept"),
    [
      "notify/index.ts",
      "  async unread({ user }, { db, accounts }) {\n",
      `  async unread({ user }, { db, accounts }) {\n    if (user) throw new Error("always");\n`,
    ],
  ],
} satisfies Readonly<Record<string, readonly Patch[]>>;

let root: string | undefined;
const made = new Map<string, string>();

/** The directory of one of them, made when it is first asked for; all go with this process. */
export function shopBuild(name: keyof typeof patches): string {
  if (root === undefined) {
    // Inside the repository, so that the builds find its packages.
    const directory = mkdtempSync(path.join(import.meta.dirname, ".builds-"));
    root = directory;
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  }
  const directory = made.get(name) ?? path.join(root, name);
  if (made.has(name)) return directory;
  made.set(name, directory);
  cpSync(shop, directory, {
    recursive: true,
    filter: (file) => !/\.skein|\.test\.ts$/.test(path.relative(shop, file)),
  });
  for (const [file, text, becomes] of patches[name]) {
    const at = path.join(directory, file);
    const code = readFileSync(at, "utf8");
    if (!code.includes(text)) throw new Error(`${file} of the shop has no ${JSON.stringify(text)} any more`);
    writeFileSync(at, code.replace(text, becomes));
  }
  return directory;
}
