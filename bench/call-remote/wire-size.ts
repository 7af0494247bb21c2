// Counts the bytes that a call and its reply of the contestant `skein` take on the socket, so that the echoes move the same.
// Prints them as JSON. It measures no time.
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { check, order } from "./payload.ts";
import { bench, createHost, Orders, peersAt, principal } from "./skein-shape.ts";

const directory = process.argv[2] ?? "";
const real = { path: join(directory, "real.sock") };
const counted = { path: join(directory, "counted.sock") };
let callBytes = 0;
let replyBytes = 0;
const proxy = createServer((near) => {
  const far = connect(real.path);
  near.on("data", (bytes) => (callBytes += bytes.length)).pipe(far);
  far.on("data", (bytes) => (replyBytes += bytes.length)).pipe(near);
});
await new Promise<void>((resolve) => proxy.listen(counted.path, resolve));

await peersAt(real).listen(await createHost(bench), real);
const peers = peersAt(counted);
peers.update({ epoch: 1, groups: { orders: { services: ["orders"], addresses: ["server"] } } });
const client = (await createHost(bench, { services: [], remote: peers.routes })).client(Orders, { principal });

/** So many together, as in the measurement: each write has a head of its own. */
const calls = 128;
const round = async () => {
  for (const receipt of await Promise.all(Array.from({ length: calls }, () => client.place(order)))) check(receipt);
};
await round();
callBytes = replyBytes = 0;
await round();
console.log(JSON.stringify({ callBytes: Math.round(callBytes / calls), replyBytes: Math.round(replyBytes / calls) }));
process.exit(0);
