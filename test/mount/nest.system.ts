/** A system of two small services; `express.system.ts` and `nest.system.ts` are this one with an application mounted. */
import { contract, mount, query, service, system } from "skein";
import * as z from "zod";

const Greeting = contract("greeting", {
  hello: query({ input: z.object({ name: z.string() }), output: z.string(), http: "GET /hello/:name" }),
});
const greeting = service(Greeting, { policy: { hello: { access: "public" } } });

const Sums = contract("sums", {
  add: query({ input: z.object({ a: z.number(), b: z.number() }), output: z.number(), http: "GET /sum" }),
});
const sums = service(Sums, { policy: { add: { access: "public" } } });

export default system("shop", {
  services: [
    greeting.implement({ hello: ({ name }) => `Hello, ${name}` }),
    sums.implement({ add: ({ a, b }) => a + b }),
    mount("/legacy", () => import("./apps/nest/dist/skein.js"), { access: "public" }),
  ],
});
