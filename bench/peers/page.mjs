// Owns what the peers of `chain` share: one process for each service, and a front of Fastify in the process that starts
// them. Must never know how they reach each other.
import { fork } from "node:child_process";
import Fastify from "fastify";
import * as z from "zod";
import { ForUser, Page } from "../apps/page/schemas.ts";
import * as work from "../apps/page/work.ts";

export { work };

/** Services by name, and the names of their methods. */
export const services = Object.fromEntries(Object.entries(work).map(([name, methods]) => [name, Object.keys(methods)]));

/** Who calls whom: where there is nothing, there is nothing to be made for a call either. */
export const uses = {
  accounts: [],
  ads: ["catalogue"],
  cart: ["catalogue", "currency", "shipping", "stock"],
  catalogue: [],
  currency: [],
  home: ["accounts", "ads", "cart", "catalogue", "currency", "recommend", "reviews", "shipping", "stock"],
  recommend: ["accounts", "catalogue", "reviews"],
  reviews: [],
  shipping: ["currency"],
  stock: [],
};

/** As the clients of Skein are: `own.cart.view(input)`. */
export const clientsOf = (names, call) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      Object.fromEntries(services[name].map((method) => [method, (input) => call(name, method, input)])),
    ]),
  );

/** Starts `file` once for each service with its name and `settings`, and waits until each says that it is ready. */
export async function startServices(file, settings) {
  const children = Object.keys(services).map((name) => fork(file, [name, JSON.stringify(settings)]));
  for (const child of children) child.once("exit", () => process.exit(1));
  await Promise.all(children.map((child) => new Promise((resolve) => child.once("message", resolve))));
}

/** What a service's process does once it serves; it ends with the front. */
export function ready() {
  process.once("disconnect", () => process.exit(0));
  process.send("ready");
}

/** The front. Its address is printed; `page` asks the service `home`. */
export async function startFront(page) {
  const app = Fastify();
  const schemaOf = (schema) => z.toJSONSchema(schema, { target: "draft-7" });
  const schema = { querystring: schemaOf(ForUser), response: { 200: schemaOf(Page) } };
  app.get("/page", { schema }, (request) => page(request.query));
  await app.listen({ port: 0, host: "127.0.0.1" });
  process.once("SIGTERM", () => process.exit(0));
  console.log(app.server.address().port);
}
