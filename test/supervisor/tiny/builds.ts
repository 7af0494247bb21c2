/** Owns builds whose hosts are tiny (`host.ts`): a system file each, and a Skein of its own that starts them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "../../..");

export const placement = {
  groups: { front: { services: ["gateway", "pages"] }, stock: { services: ["stock"], replicas: 2 } },
};

const code = `import * as z from "zod";
import { contract, query, service, system } from "skein";
const one = (name) =>
  service(contract(name, { ping: query({ output: z.null() }) }), { policy: { ping: { access: "internal" } } }).implement({ ping: () => null });
export default system("tiny", { services: [one("pages"), one("stock")] });
`;

/** The system file of a build of this name. */
export function writeTiny(at: string, name: string): string {
  const directory = path.join(at, name);
  const skein = path.join(directory, "node_modules/skein");
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(skein, file)), { recursive: true });
    writeFileSync(path.join(skein, file), text);
  };
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { readonly version: string };
  const exports = { ".": "./index.js", "./package.json": "./package.json" };
  write("package.json", JSON.stringify({ name: "skein", type: "module", version, exports }));
  write("index.js", `export * from ${JSON.stringify(path.join(root, "src/index.ts"))};\n`);
  write("dist/supervisor/host-main.js", `import ${JSON.stringify(path.join(import.meta.dirname, "host.ts"))};\n`);
  write("dist/cli/bin.js", `import ${JSON.stringify(path.join(import.meta.dirname, "cli.ts"))};\n`);
  // Or the repository's own Skein would be meant.
  writeFileSync(path.join(directory, "package.json"), JSON.stringify({ name: "tiny", type: "module" }));
  const file = path.join(directory, "system.ts");
  writeFileSync(file, code);
  return file;
}
