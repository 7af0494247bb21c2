// The contestant `skein` of `call-local`: a handler that calls another service in its process, again and again. Prints
// its figures as JSON.
import * as z from "zod";
import { contract, createHost, query, service, system } from "skein";
import { type Cost, figuresOf, measuredCalls, payload, timed } from "./loop.ts";

const Payload = z.object({
  id: z.string(),
  name: z.string(),
  quantity: z.int(),
  price: z.number(),
  tags: z.array(z.string()),
  active: z.boolean(),
});
const Callee = contract("callee", { bare: query(), echo: query({ input: Payload, output: Payload }) });
const Caller = contract("caller", {
  run: query({ input: z.enum(["bare", "echo"]), output: z.object({ wall: z.number(), cpu: z.number() }) }),
});

const callee = service(Callee, { policy: { bare: { access: "internal" }, echo: { access: "internal" } } });
const caller = service(Caller, { uses: { callee: Callee }, policy: { run: { access: "public", timeout: "1h" } } });

const app = system("bench", {
  services: [
    callee.implement({
      async bare() {},
      async echo(given) {
        return given;
      },
    }),
    caller.implement({
      async run(what, { callee: client }) {
        return timed(measuredCalls, async (calls) => {
          if (what === "bare") for (let i = 0; i < calls; i++) await client.bare();
          else for (let i = 0; i < calls; i++) await client.echo(payload);
        });
      },
    }),
  ],
});

async function nothing(): Promise<void> {}

/** What calls cost without Skein: a bare async function, and the two validations of the payload by themselves. */
const functionCost: Cost = await timed(measuredCalls, async (calls) => {
  for (let i = 0; i < calls; i++) await nothing();
});
const validatorsCost: Cost = await timed(measuredCalls, async (calls) => {
  const { validate } = Payload["~standard"];
  for (let i = 0; i < calls; i++) {
    const once = validate(payload) as { value: unknown };
    // Zod answers at once; the await is the one that any caller of an async function has.
    await Promise.resolve(validate(once.value));
  }
});

// Longer than any measurement: the deadline is what a caller has anyway, and the loop must not meet it.
await using host = await createHost(app, { timeoutMs: 3_600_000 });
const client = host.client(Caller);
const bare = await client.run("bare");
const echo = await client.run("echo");
const figures = {
  ...figuresOf("function", functionCost),
  ...figuresOf("validators", validatorsCost),
  ...figuresOf("bare", bare),
  ...figuresOf("payload", echo),
};
console.log(JSON.stringify(figures));
