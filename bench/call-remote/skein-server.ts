// The server of the contestants `skein*` of `call-remote`: a host that answers its peers, everything on. Prints where.
// usage: node skein-server.ts <SocketAddress as JSON>
import type { SocketAddress } from "../../src/transport/index.ts";
import { bench, createHost, peersAt } from "./skein-shape.ts";

const address = JSON.parse(process.argv[2] ?? "") as SocketAddress;
const host = await createHost(bench);
const { address: where } = await peersAt(address).listen(host, address);
console.log(where);
process.once("SIGTERM", () => process.exit(0));
