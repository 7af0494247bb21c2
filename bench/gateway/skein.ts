// The contestant `skein` of `gateway`: host and gateway of the built package in one process, every default on. Prints its
// port. It takes `dist` because that is what a team runs; Zod in and Zod out.
import type { createGateway as CreateGateway } from "../../src/gateway/index.ts";
import type * as Skein from "../../src/index.ts";
import { Order, path, place, Receipt } from "./order.ts";

const dist = new URL("../../dist/", import.meta.url);
const { action, contract, createHost, service, system } = (await import(
  new URL("index.js", dist).href
)) as typeof Skein;
const { createGateway } = (await import(new URL("gateway/index.js", dist).href)) as {
  createGateway: typeof CreateGateway;
};

const Orders = contract("orders", { place: action({ input: Order, output: Receipt, http: `POST ${path}` }) });
const orders = service(Orders, { policy: { place: { access: "public" } } }).implement({
  async place(order) {
    return place(order);
  },
});

const host = await createHost(system("bench", { services: [orders] }));
const { port } = await createGateway(host, { port: 0 });
console.log(port);
process.once("SIGTERM", () => process.exit(0));
