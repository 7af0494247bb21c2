/**
 * Owns the server of the big bodies: one service that writes an upload to a file and gives it back, behind its gateway,
 * and a look at its own memory. Speaks to its parent by messages. Must never outlive it.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { action, bytes, contract, createHost, fileDownload, query, service, system } from "skein";
import { createGateway } from "skein/gateway";

const folder = process.argv[2] ?? ".";
const Files = contract("files", {
  put: action({
    input: z.object({ name: z.string().regex(/^[a-z]+$/) }),
    body: bytes({ max: "64GiB" }),
    output: z.object({ bytes: z.int(), sha256: z.string() }),
    http: "PUT /files/:name",
  }),
  get: query({ input: z.object({ name: z.string().regex(/^[a-z]+$/) }), output: bytes(), http: "GET /files/:name" }),
});

const files = service(Files, { policy: { put: { access: "public" }, get: { access: "public" } } }).implement({
  async put({ name }, _own, call) {
    const hash = createHash("sha256");
    const file = await open(join(folder, name), "w");
    try {
      const size = await call.body.each(async (piece) => {
        hash.update(piece);
        await file.write(piece);
      });
      return { bytes: size, sha256: hash.digest("hex") };
    } finally {
      await file.close();
    }
  },
  get: async ({ name }) => (await fileDownload(join(folder, name))) ?? new Uint8Array(),
});

const host = await createHost(system("big-bodies", { services: [files] }));
const gateway = await createGateway(host, { port: 0 });
let peak = 0;
const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
sampler.unref();
process.on("message", (order: string) => {
  if (order === "stop") void gateway.close().then(() => process.exit(0));
  else {
    const rss = process.memoryUsage.rss();
    process.send?.({ rss, peak: Math.max(peak, rss) });
    peak = 0;
  }
});
process.on("disconnect", () => process.exit(0));
process.send?.({ url: gateway.url });
