// The contestants `moleculer`, `moleculerNoDeadline` and `moleculerAllOn` of `call-local`.
// usage: node moleculer.mjs deadline|no-deadline|all-on
// Prints its figures as JSON. Configuration: see bench/README.md.
import { ServiceBroker } from "moleculer";
import { figuresOf, measuredCalls, payload, timed } from "../call-local/loop.ts";

const options = {
  "no-deadline": {},
  deadline: { requestTimeout: 10_000 },
  "all-on": { requestTimeout: 10_000, metrics: true, tracing: { enabled: true, exporter: [] } },
}[process.argv[2]];
if (options === undefined) throw new Error(`no such contestant: ${process.argv[2]}`);
const broker = new ServiceBroker({ logger: false, ...options });
const params = {
  id: "string",
  name: "string",
  quantity: "number|integer",
  price: "number",
  tags: { type: "array", items: "string" },
  active: "boolean",
};
broker.createService({
  name: "callee",
  actions: { async bare() {}, echo: { params, handler: async (context) => context.params } },
});
broker.createService({
  name: "caller",
  actions: {
    run: {
      timeout: 0,
      handler: (context) =>
        timed(measuredCalls, async (calls) => {
          if (context.params.what === "bare") for (let i = 0; i < calls; i++) await context.call("callee.bare");
          else for (let i = 0; i < calls; i++) await context.call("callee.echo", payload);
        }),
    },
  },
});
await broker.start();
// The measuring action itself has no time-out (above); each call that it makes has the broker's.
const figures = {
  ...figuresOf("bare", await broker.call("caller.run", { what: "bare" })),
  ...figuresOf("payload", await broker.call("caller.run", { what: "echo" })),
};
await broker.stop();
console.log(JSON.stringify(figures));
