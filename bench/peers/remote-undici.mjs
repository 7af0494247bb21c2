// The contestant `undici` of `call-remote`: a pool of keep-alive connections to Fastify. Configuration: see bench/README.md.
// usage: node remote-undici.mjs server <unix socket>
//        node remote-undici.mjs client <unix socket> <pid of the server>
import Fastify from "fastify";
import { Pool } from "undici";
import { loadOf, measure } from "../call-remote/drive.ts";
import { order, place } from "../call-remote/payload.ts";

const [role, path, serverPid] = process.argv.slice(2);
const text = { type: "string" };
const body = {
  type: "object",
  required: ["customer", "items", "express"],
  properties: {
    customer: { type: "string", minLength: 1, maxLength: 64 },
    items: {
      type: "array",
      minItems: 1,
      maxItems: 50,
      items: {
        type: "object",
        required: ["sku", "quantity", "price"],
        properties: {
          sku: { type: "string", minLength: 1, maxLength: 32 },
          quantity: { type: "integer", minimum: 1, maximum: 99 },
          price: { type: "number", minimum: 0 },
        },
      },
    },
    express: { type: "boolean" },
    note: { type: "string", maxLength: 200 },
  },
};
const receipt = {
  type: "object",
  required: ["id", "status", "total", "currency", "lines"],
  properties: {
    id: text,
    status: { type: "string", enum: ["accepted", "refused"] },
    total: { type: "number" },
    currency: text,
    lines: { type: "integer" },
  },
};

if (role === "server") {
  const app = Fastify({ keepAliveTimeout: 60_000 });
  app.post("/orders/place", { schema: { body, response: { 200: receipt } } }, async (request) => place(request.body));
  await app.listen({ path });
  console.log(path);
  process.once("SIGTERM", () => process.exit(0));
} else {
  const pool = new Pool("http://localhost", {
    socketPath: path,
    keepAliveTimeout: 30_000,
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
  });
  const call = async () => {
    const response = await pool.request({
      path: "/orders/place",
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(order),
    });
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    return response.body.json();
  };
  console.log(JSON.stringify(await measure(loadOf(call), Number(serverPid), 3)));
  process.exit(0);
}
