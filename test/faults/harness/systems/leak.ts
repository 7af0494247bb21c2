/** The shop with one more service, which keeps memory for ever. `leak.json` places it beside the replicated shop. */
import { contract, query, service, system } from "skein";
import * as z from "zod";
import shop from "../../../../examples/shop/system.ts";

const Leaky = contract("leaky", {
  leak: query({ input: z.object({ bytes: z.int().min(1) }), output: z.int(), http: "GET /leak" }),
});

const kept: Buffer[] = [];

export default system("leaking-shop", {
  ...shop,
  services: [
    ...shop.services,
    service(Leaky, { policy: { leak: { access: "public" } } }).implement({
      // Written to, so that it is memory and not a promise of some.
      leak: ({ bytes }) => kept.push(Buffer.alloc(bytes, 1)),
    }),
  ],
});
