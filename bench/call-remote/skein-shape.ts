// Owns the system that the contestants `skein*` of `call-remote` run: its contract, its service, and the built package.
// Must load nothing but `dist`: that is what a team runs.
import * as z from "zod";
import type * as Remote from "../../src/host/remote/index.ts";
import { systemClock } from "../../src/core/index.ts";
import type * as Observe from "../../src/observe/index.ts";
import type * as Skein from "../../src/index.ts";
import type * as Transport from "../../src/transport/index.ts";
import { place } from "./payload.ts";

const dist = new URL(process.env["SKEIN_BENCH_DIST"] ?? "../../dist/", import.meta.url);
const skein = (await import(new URL("index.js", dist).href)) as typeof Skein;
const { action, contract, query, service, stream, system } = skein;
export const { createHost } = skein;
const { Peers } = (await import(new URL("host/remote/index.js", dist).href)) as typeof Remote;
const { openHostCertificates } = (await import(new URL("transport/index.js", dist).href)) as typeof Transport;
const { createLog } = (await import(new URL("observe/index.js", dist).href)) as typeof Observe;

const Order = z.object({
  customer: z.string().min(1).max(64),
  items: z
    .array(z.object({ sku: z.string().min(1).max(32), quantity: z.int().min(1).max(99), price: z.number().min(0) }))
    .min(1)
    .max(50),
  express: z.boolean(),
  note: z.string().max(200).optional(),
});
const Receipt = z.object({
  id: z.string(),
  status: z.enum(["accepted", "refused"]),
  total: z.number(),
  currency: z.string(),
  lines: z.int(),
});
const Text = z.object({ text: z.string() });

export const Orders = contract("orders", {
  place: action({ input: Order, output: Receipt }),
  read: query({ input: z.object({ bytes: z.int() }), output: Text }),
  list: query({ input: z.object({ bytes: z.int(), items: z.int() }), output: stream(Text) }),
});

const orders = service(Orders, {
  policy: { place: { access: "internal" }, read: { access: "internal" }, list: { access: "internal" } },
});

const texts = new Map<number, string>();
function textOf(bytes: number): string {
  let text = texts.get(bytes);
  if (text === undefined) texts.set(bytes, (text = "x".repeat(bytes)));
  return text;
}

export const bench = system("bench", {
  services: [
    orders.implement({
      // The receipt's status is one of the two that the schema allows.
      async place(order) {
        return place(order) as z.infer<typeof Receipt>;
      },
      async read({ bytes }) {
        return { text: textOf(bytes) };
      },
      async *list({ bytes, items }) {
        const text = textOf(bytes);
        for (let i = 0; i < items; i++) yield { text };
      },
    }),
  ],
});

/** For whom the calls are: it travels with each. */
export const principal = { subject: "ada", tenant: "acme", roles: ["customer"] };

/** Where a host of the bench listens, as an argument of a process says it. */
export async function addressOf(argument: string | undefined): Promise<Transport.SocketAddress> {
  const given = JSON.parse(argument ?? "") as Transport.SocketAddress & {
    readonly files?: Required<Transport.CertificateFiles>;
  };
  if (given.files === undefined) return given;
  const clock = systemClock;
  const log = createLog({ clock, sink: () => undefined });
  return { ...given, tls: await openHostCertificates(given.files, bench.name, clock, log) } as Transport.SocketAddress;
}

/** The peers of a process whose one peer is at `address`. */
export function peersAt(address: Transport.SocketAddress): InstanceType<typeof Remote.Peers> {
  return new Peers(bench, { greeting: { system: bench.name, token: "0".repeat(32) }, toAddress: () => address });
}
