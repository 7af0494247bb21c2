// Owns the measurement of what inference costs a user: a generated system of N services, type-checked by the real compiler.
// Must check against the built declarations (what a user installs), with realistic contracts, not empty ones.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, temporaryPrefix } from "../lib/repository.ts";

export interface TypeCost {
  readonly services: number;
  readonly checkMs: number;
  readonly totalMs: number;
  readonly instantiations: number;
  readonly types: number;
  /** Compiler errors in the generated project; empty unless the generator is out of date. */
  readonly errors: string;
}

const TSCONFIG = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "esnext.disposable"],
    types: ["node"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    // Single-threaded, so that the figure means the work and not the machine's cores.
    singleThreaded: true,
  },
  include: ["*.ts"],
};

/** Contract `n`: two queries, a command, an action with declared errors, an event. */
function contractSource(n: number): string {
  return `import * as z from "zod";
import { action, command, contract, event, query } from "skein/contract";

export const Item${n} = z.object({
  id: z.string(),
  title: z.string().max(200),
  price: z.int().min(0),
  tags: z.array(z.string()).optional(),
  address: z.object({ street: z.string(), city: z.string(), zip: z.string().optional() }),
  kind: z.enum(["small", "large", "odd"]),
});

export const Service${n} = contract("service-${n}", {
  get: query({
    input: z.object({ id: z.string() }),
    output: Item${n}.nullable(),
    http: "GET /service-${n}/:id",
    errors: { GONE: { data: z.object({ since: z.string() }), status: 410 } },
  }),
  list: query({
    input: z.object({ limit: z.int().max(100).default(20), after: z.string().optional() }),
    output: z.object({ items: z.array(Item${n}), next: z.string().optional() }),
    http: "GET /service-${n}",
  }),
  save: command({ input: Item${n}.partial(), output: z.object({ id: z.string() }), http: "POST /service-${n}" }),
  run: action({
    input: z.object({ ids: z.array(z.string()) }),
    output: z.object({ done: z.int() }),
    errors: { BUSY: { data: z.object({ retryAfterMs: z.int() }), status: 409 } },
  }),
  saved: event(Item${n}, { version: 1 }),
});
`;
}

/** Service `n` uses three services before it, one of them in part. */
function serviceSource(n: number): string {
  const used = [n - 1, n - 2, n - 3].filter((other) => other >= 0);
  const imports = used.map((other) => `import { Service${other} } from "./contract-${other}.ts";\n`).join("");
  const uses = used
    .map((other, at) => `s${other}: Service${other}${at === 0 ? '.pick("get", "list")' : ""}`)
    .join(", ");
  const calls = used.map((other) => `    await own.s${other}.get({ id });\n`).join("");
  return `import * as z from "zod";
import { config, service } from "skein";
import { Service${n} } from "./contract-${n}.ts";
${imports}
export const service${n} = service(Service${n}, {
  uses: { ${uses} },
  has: { cfg: config(z.object({ currency: z.string().default("EUR") })) },
  policy: {
    get: { access: "public", cache: { ttl: "30s" } },
    list: { access: "public" },
    save: { access: "guarded" },
    run: { access: "internal" },
  },
});

export default service${n}.implement(
  {
    async get({ id }, own) {
${calls}      if (own.cfg.currency === "") return null;
      return { id, title: id, price: 1, address: { street: "", city: "" , zip: "1" }, kind: "odd" as const };
    },
    async list({ limit, after }) {
      return { items: [], next: after ?? String(limit) };
    },
    async save(item, _own, _call) {
      return { id: item.id ?? "new" };
    },
    async run({ ids }, _own, call) {
      if (ids.length > 100) throw call.error("BUSY", { retryAfterMs: 10 });
      return { done: ids.length };
    },
  },
  { guards: { save: (item, _own, call) => item.title === undefined || call.principal !== undefined } },
);
`;
}

function systemSource(services: number): string {
  const numbers = Array.from({ length: services }, (_, n) => n);
  return `import { system } from "skein";
${numbers.map((n) => `import { service${n} } from "./service-${n}.ts";`).join("\n")}

export default system("large", {
  services: [
${numbers.map((n) => `    service${n}.from(() => import("./implementation-${n}.ts")),`).join("\n")}
  ],
});
`;
}

/** Writes the project into a directory that resolves `skein` to this repository's build. */
function generate(directory: string, services: number): void {
  const modules = join(directory, "node_modules");
  mkdirSync(modules);
  for (const name of ["zod", "@types", "@standard-schema", "kysely"])
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  symlinkSync(root, join(modules, "skein"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "large", type: "module", private: true }));
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(TSCONFIG));
  for (let n = 0; n < services; n++) {
    writeFileSync(join(directory, `contract-${n}.ts`), contractSource(n));
    const [declaration = "", code = ""] = serviceSource(n).split("export default ");
    writeFileSync(join(directory, `service-${n}.ts`), declaration);
    writeFileSync(
      join(directory, `implementation-${n}.ts`),
      `import { service${n} } from "./service-${n}.ts";\n\nexport default ${code}`,
    );
  }
  writeFileSync(join(directory, "system.ts"), systemSource(services));
}

function figure(diagnostics: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+([\\d.]+)(s|K)?`, "m").exec(diagnostics);
  if (match === null) throw new Error(`the compiler printed no "${name}":\n${diagnostics}`);
  return match[2] === "s" ? Math.round(Number(match[1]) * 1000) : Number(match[1]);
}

/** Type-checks a generated system and returns what the compiler says it cost. */
export function measureTypeCost(services: number): TypeCost {
  const directory = mkdtempSync(temporaryPrefix("types"));
  try {
    generate(directory, services);
    const { status, stdout, stderr } = run("tsc", ["-p", directory, "--extendedDiagnostics"], { cwd: directory });
    const errors =
      status === 0
        ? ""
        : (stdout + stderr)
            .split("\n")
            .filter((line) => /error TS/.test(line))
            .slice(0, 10)
            .join("\n");
    return {
      services,
      checkMs: figure(stdout, "Check time"),
      totalMs: figure(stdout, "Total time"),
      instantiations: figure(stdout, "Instantiations"),
      types: figure(stdout, "Types"),
      errors,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(measureTypeCost(Number(process.argv[2] ?? 100)));
