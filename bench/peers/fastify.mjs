// The contestant `fastify` of `gateway`: Fastify 5 as its documentation advises for speed: Ajv for the body, a response
// schema for fast-json-stringify, no logger. Prints its port. Configuration: see bench/README.md.
import Fastify from "fastify";
import { path, place } from "../gateway/order.ts";

const text = { type: "string" };
const number = { type: "number" };
const body = {
  type: "object",
  required: ["customer", "email", "items", "express"],
  properties: {
    customer: { type: "string", minLength: 1, maxLength: 64 },
    email: { type: "string", format: "email" },
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
const line = {
  type: "object",
  required: ["sku", "quantity", "total"],
  properties: { sku: text, quantity: { type: "integer" }, total: number },
};
const reply = {
  type: "object",
  required: ["id", "customer", "email", "status", "lines", "total", "currency", "message"],
  properties: {
    id: text,
    customer: text,
    email: text,
    status: { type: "string", enum: ["accepted", "refused"] },
    lines: { type: "array", items: line },
    total: number,
    currency: text,
    message: text,
  },
};

const app = Fastify();
app.post(path, { schema: { body, response: { 200: reply } } }, async (request) => place(request.body));
await app.listen({ port: 0, host: "127.0.0.1" });
console.log(app.server.address().port);
process.once("SIGTERM", () => process.exit(0));
