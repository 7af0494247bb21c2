// A process of Moleculer's shop: one node with the services of its group, or the gateway. Started by the fault harness with
// its part as JSON; says `ready` to it, and ends with it. Configuration: see docs/guides/what-survives-what.md.
import { ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { serviceOf } from "./services.mjs";

/** Beside what each needs to find the others. What is not here is as the broker has it by itself. */
const settings = {
  // Three seconds, so that a call that is lost can be made again within the ten that a customer waits.
  moleculer: { requestTimeout: 3_000, retryPolicy: { enabled: true }, circuitBreaker: { enabled: true } },
  "moleculer-defaults": {},
};
const discoveryMs = 60_000;

const { peer, id, services, all, ports, httpPort, home } = JSON.parse(process.argv[2]);

/** moleculer-web: its answer to a service that is nowhere is 404, which is no answer of a shop's. */
const gateway = {
  name: "api",
  mixins: [ApiGateway],
  dependencies: all,
  settings: {
    ip: "127.0.0.1",
    port: httpPort,
    routes: [
      {
        path: "/",
        mappingPolicy: "restrict",
        bodyParsers: { json: { limit: "1MB" } },
        aliases: {
          "GET /home": "storefront.home",
          "GET /products": "search.products",
          "GET /products/:id": "catalog.get",
          "POST /orders": "orders.place",
          "GET /probe": "probe.ask",
        },
        onBeforeCall(context, _route, request) {
          context.meta.key = request.headers["idempotency-key"];
        },
      },
    ],
    onError(_request, response, { code, type, message }) {
      const status = ["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE"].includes(type) ? 503 : code;
      response.writeHead(status >= 400 && status < 600 ? status : 500, { "content-type": "application/json" });
      response.end(JSON.stringify({ code: type, message }));
    },
  },
};

const urls = Object.entries(ports).map(([node, port]) => `tcp://127.0.0.1:${port}/${node}`);
const broker = new ServiceBroker({
  nodeID: id,
  logger: { type: "Console", options: { level: "warn", colors: false } },
  // Addresses that are given, so that no other system on this network is found; gossip as often as it can be.
  transporter: {
    type: "TCP",
    options: { udpDiscovery: false, useHostname: false, gossipPeriod: 1, port: ports[id], urls },
  },
  ...settings[peer],
});
for (const name of services) broker.createService(name === "gateway" ? gateway : serviceOf(name, home));
process.once("disconnect", () => process.exit(0));
await broker.start();
// Nodes hear of each other by gossip, which takes seconds.
await broker.waitForServices(all, discoveryMs);
process.send("ready");
