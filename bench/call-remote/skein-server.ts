// The server of the contestants `skein*` of `call-remote`: a host that answers its peers, everything on. Prints where.
// usage: node skein-server.ts <address as JSON>
import { addressOf, bench, createHost, peersAt } from "./skein-shape.ts";

const address = await addressOf(process.argv[2]);
const host = await createHost(bench);
const { address: where } = await peersAt(address).listen(host, address);
console.log(where);
process.once("SIGTERM", () => process.exit(0));
