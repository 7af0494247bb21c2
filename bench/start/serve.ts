// The contestant `skeinServe` of `start`: host and gateway of the built package in one process, without what `skein dev`
// adds (a watcher, and a process of its own for the services). Listens on PORT.
import type { createGateway as CreateGateway } from "../../src/gateway/index.ts";
import type { createHost as CreateHost } from "../../src/index.ts";
import hello from "../apps/hello/system.ts";

const dist = new URL("../../dist/", import.meta.url);
const { createHost } = (await import(new URL("index.js", dist).href)) as { createHost: typeof CreateHost };
const { createGateway } = (await import(new URL("gateway/index.js", dist).href)) as {
  createGateway: typeof CreateGateway;
};

const host = await createHost(hello);
await createGateway(host, { port: Number(process.env["PORT"]) });
process.once("SIGTERM", () => process.exit(0));
