import * as z from "zod";
import { contract, query, action, service, system, createHost, stream } from "./index.ts";
const A = contract("a", {
  get: query({ input: z.object({ id: z.string() }), output: z.object({ id: z.string(), n: z.number() }) }),
  boom: query({ errors: { NOPE: { data: z.object({ x: z.number() }), status: 404 } } }),
  nums: query({ input: z.object({ n: z.number() }), output: stream(z.number()) }),
});
const B = contract("b", { page: query({ output: z.array(z.number()) }), act: action() });
const a = service(A, {
  policy: { get: { access: "public", cache: { ttl: "1s" } }, boom: { access: "public" }, nums: { access: "public" } },
});
const b = service(B, { uses: { a: A }, policy: { page: { access: "public" }, act: { access: "public" } } });
const s = system("s", {
  services: [
    a.implement({
      async get({ id }) {
        return { id, n: 1 };
      },
      async boom(_, __, call) {
        throw call.error("NOPE", { x: 1 });
      },
      async *nums({ n }) {
        for (let i = 0; i < n; i++) yield i;
      },
    }),
    b.implement({
      async page(_, { a }) {
        const r = await Promise.all([a.get({ id: "1" }), a.get({ id: "2" })]);
        const out = r.map((x) => x.n);
        for await (const i of a.nums({ n: 3 })) out.push(i);
        return out;
      },
      async act(_, { a }) {
        await a.boom();
      },
    }),
  ],
});
for (const far of [false, true]) {
  await using host = await createHost(s, { far, mode: "development" });
  console.log(await host.client(B).page());
  console.log(
    await host
      .client(A)
      .boom()
      .catch((e: unknown) => e),
  );
  console.log(
    (
      (await host
        .client(B)
        .act()
        .catch((e: unknown) => e)) as Error
    ).message,
  );
  console.log(host.recorder.endpoints().map((e) => `${e.endpoint} ${e.count} ${JSON.stringify(e.outcomes)}`));
}
