/** `npm run shop:edge -- --runtime node|bun|workerd [--port 4000]`: bundles the edge of the shop and serves it. */
import path from "node:path";
import { parseArgs } from "node:util";
import { bundleEdge } from "./bundle.ts";
import { type Runtime, runtimes, startEdge } from "./start.ts";

const { values } = parseArgs({
  options: { runtime: { type: "string", default: "node" }, port: { type: "string", default: "0" } },
});
const runtime = runtimes.find((name): name is Runtime => name === values.runtime);
if (runtime === undefined) {
  console.error(`--runtime is one of ${runtimes.join(", ")}, not ${values.runtime}`);
  process.exit(2);
}
const { file, bytes, gzipBytes } = await bundleEdge(path.join(import.meta.dirname, "../.skein/edge"));
console.log(`bundle.js: ${bytes} bytes, ${gzipBytes} compressed`);
const running = await startEdge(runtime, file, Number(values.port));
running.process.stderr?.pipe(process.stderr);
console.log(`the shop's edge in ${runtime}: ${running.url}/home`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void running.close());
running.process.once("exit", (code) => process.exit(code ?? 0));
