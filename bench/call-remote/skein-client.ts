// The client of the contestants `skein*` of `call-remote`: a host without services, which calls a peer. Prints its figures
// as JSON. usage: node skein-client.ts <address as JSON> <pid of the server>
import { costOf, loadOf, measure } from "./drive.ts";
import { order } from "./payload.ts";
import { addressOf, bench, createHost, Orders, peersAt, principal } from "./skein-shape.ts";

const address = await addressOf(process.argv[2]);
const serverPid = Number(process.argv[3]);
const peers = peersAt(address);
peers.update({ epoch: 1, groups: { orders: { services: ["orders"], addresses: ["server"] } } });
const host = await createHost(bench, { services: [], remote: peers.routes });
const client = host.client(Orders, { principal });

const figures = await measure(
  loadOf(() => client.place(order)),
  serverPid,
);

/** Replies of these sizes with 16 calls in flight, so many that count. */
const replies = [
  { name: "reply1KB", bytes: 1_024, calls: 20_000 },
  { name: "reply16KB", bytes: 16_384, calls: 5_000 },
  { name: "reply1MB", bytes: 1_048_576, calls: 160 },
] as const;
for (const { name, bytes, calls } of replies) {
  let begun = 0;
  const worker = async () => {
    while (begun++ < calls) {
      const { text } = await client.read({ bytes });
      if (text.length !== bytes) throw new Error(`${text.length} bytes instead of ${bytes}`);
    }
  };
  const work = async () => {
    begun = 0;
    await Promise.all(Array.from({ length: 16 }, worker));
  };
  await work();
  const { seconds } = await costOf(serverPid, work);
  figures[`${name}CallsPerS`] = calls / seconds;
  figures[`${name}MbPerS`] = (calls * bytes) / seconds / 1e6;
}

/** One stream of items of these sizes. */
const streams = [
  { name: "stream1KB", bytes: 1_024, items: 50_000 },
  { name: "stream64KB", bytes: 65_536, items: 3_000 },
] as const;
for (const { name, bytes, items } of streams) {
  const work = async () => {
    let count = 0;
    for await (const { text } of client.list({ bytes, items })) if (text.length === bytes) count++;
    if (count !== items) throw new Error(`${count} items instead of ${items}`);
  };
  await work();
  const { seconds } = await costOf(serverPid, work);
  figures[`${name}ItemsPerS`] = items / seconds;
  figures[`${name}MbPerS`] = (items * bytes) / seconds / 1e6;
}

console.log(JSON.stringify(figures));
process.exit(0);
