/** A system that can leak, hang and be asked where it is. `front` is asked over HTTP and calls the others. */
import { action, contract, query, service, system } from "skein";
import * as z from "zod";

const Leaky = contract("leaky", {
  /** Keeps as many bytes for ever. */
  leak: query({ input: z.object({ bytes: z.number() }), output: z.number() }),
});
const leaky = service(Leaky, { policy: { leak: { access: "internal" } } });

const Worker = contract("worker", {
  pid: query({ output: z.number() }),
  /** Does nothing else meanwhile. An action: a query would be sent to the other replica next. */
  spin: action({ input: z.object({ ms: z.number() }), output: z.number() }),
});
const worker = service(Worker, {
  policy: { pid: { access: "internal" }, spin: { access: "internal", timeout: "30s" } },
});

const Front = contract("front", {
  own: query({ output: z.number(), http: "GET /own" }),
  pid: query({ output: z.number(), http: "GET /pid" }),
  leak: query({ input: z.object({ bytes: z.number() }), output: z.number(), http: "GET /leak" }),
  spin: action({ input: z.object({ ms: z.number() }), output: z.number(), http: "POST /spin" }),
});
const anybody = { access: "public" } as const;
const front = service(Front, {
  uses: { worker: Worker, leaky: Leaky },
  policy: { own: anybody, pid: anybody, leak: anybody, spin: { ...anybody, timeout: "30s" } },
});

const kept: Buffer[] = [];

export default system("stubborn", {
  services: [
    leaky.implement({
      leak({ bytes }) {
        kept.push(Buffer.alloc(bytes, 1));
        return process.pid;
      },
    }),
    worker.implement({
      pid: () => process.pid,
      spin({ ms }) {
        const endMs = performance.now() + ms;
        while (performance.now() < endMs);
        return process.pid;
      },
    }),
    front.implement({
      own: () => process.pid,
      pid: (_input, { worker }) => worker.pid(),
      leak: (input, { leaky }) => leaky.leak(input),
      spin: (input, { worker }) => worker.spin(input),
    }),
  ],
});
