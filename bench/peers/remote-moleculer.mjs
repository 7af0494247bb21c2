// The contestant `moleculer` of `call-remote`. Configuration: see bench/README.md.
// usage: node remote-moleculer.mjs server <port>
//        node remote-moleculer.mjs client <port> <pid of the server>
import { ServiceBroker } from "moleculer";
import { loadOf, measure } from "../call-remote/drive.ts";
import { order, place } from "../call-remote/payload.ts";

const [role, port, serverPid] = process.argv.slice(2);
const broker = new ServiceBroker({
  nodeID: role,
  logger: false,
  requestTimeout: 10_000,
  transporter: {
    type: "TCP",
    options: {
      udpDiscovery: false,
      ...(role === "server" ? { port: Number(port) } : { urls: [`tcp://127.0.0.1:${port}/server`] }),
    },
  },
});

if (role === "server") {
  broker.createService({
    name: "orders",
    actions: {
      place: {
        params: {
          customer: { type: "string", min: 1, max: 64 },
          items: {
            type: "array",
            min: 1,
            max: 50,
            items: {
              type: "object",
              props: {
                sku: { type: "string", min: 1, max: 32 },
                quantity: { type: "number", integer: true, min: 1, max: 99 },
                price: { type: "number", min: 0 },
              },
            },
          },
          express: "boolean",
          note: { type: "string", max: 200, optional: true },
        },
        handler: async ({ params }) => place(params),
      },
    },
  });
  await broker.start();
  console.log(port);
  process.once("SIGTERM", () => process.exit(0));
} else {
  await broker.start();
  await broker.waitForServices("orders", 10_000, 10);
  const call = () => broker.call("orders.place", order);
  console.log(JSON.stringify(await measure(loadOf(call), Number(serverPid))));
  process.exit(0);
}
