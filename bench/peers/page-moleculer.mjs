// The contestant `moleculer` of `chain`: one node for each service over its TCP transporter, and Fastify in front, which
// costs less than moleculer-web. Prints the front's port. Configuration: see bench/README.md.
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { ServiceBroker } from "moleculer";
import { clientsOf, ready, services, startFront, startServices, uses, work } from "./page.mjs";

const discoveryMs = 60_000;
const text = { type: "string", min: 1, max: 64 };
const code = { type: "string", length: 3 };
const country = { type: "string", length: 2 };
const user = { user: text };
const skus = { skus: { type: "array", max: 100, items: { type: "string", min: 1, max: 32 } } };
/** What fastest-validator checks, method by method, as the schemas of the page have it. */
const params = {
  accounts: { session: user, history: user },
  ads: { choose: { segment: text } },
  cart: { view: { ...user, currency: code, country } },
  catalogue: { list: { category: text, limit: { type: "number", integer: true, min: 1, max: 50 } }, find: skus },
  currency: {
    convert: {
      cents: { type: "array", max: 100, items: { type: "number", integer: true, min: 0 } },
      from: code,
      to: code,
    },
    supported: {},
  },
  home: { page: user },
  recommend: { forUser: user },
  reviews: { ratings: skus },
  shipping: {
    quote: { country, items: { type: "number", integer: true, min: 0, max: 1_000 }, currency: code },
    promise: { country },
  },
  stock: { levels: skus },
};

/** The ports are given, so that no other system on this network is found. */
function brokerOf(name, ports) {
  const urls = Object.entries(ports).map(([node, port]) => `tcp://127.0.0.1:${port}/${node}`);
  const options = { udpDiscovery: false, useHostname: false, gossipPeriod: 1, port: ports[name], urls };
  return new ServiceBroker({
    nodeID: name,
    logger: false,
    requestTimeout: 10_000,
    transporter: { type: "TCP", options },
  });
}

async function serve(name, ports) {
  const broker = brokerOf(name, ports);
  const actions = Object.entries(work[name]).map(([method, run]) => [
    method,
    {
      params: params[name][method],
      handler: (context) =>
        run(
          context.params,
          clientsOf(uses[name], (peer, action, input) => context.call(`${peer}.${action}`, input)),
        ),
    },
  ]);
  broker.createService({ name, actions: Object.fromEntries(actions) });
  await broker.start();
  // Nodes hear of each other by gossip, which takes seconds.
  await broker.waitForServices(uses[name], discoveryMs);
  ready();
}

async function freePorts(names) {
  const servers = await Promise.all(
    names.map(
      (name) =>
        new Promise((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve([name, server.address().port, server]));
        }),
    ),
  );
  for (const [, , server] of servers) server.close();
  return Object.fromEntries(servers.map(([name, port]) => [name, port]));
}

const [name, ports] = process.argv.slice(2);
if (name !== undefined) await serve(name, JSON.parse(ports));
else {
  const all = await freePorts([...Object.keys(services), "front"]);
  const broker = brokerOf("front", all);
  await Promise.all([startServices(fileURLToPath(import.meta.url), all), broker.start()]);
  await broker.waitForServices(["home"], discoveryMs);
  await startFront((input) => broker.call("home.page", input));
}
