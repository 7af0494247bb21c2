// The contestant `grpc` of `call-remote`. Configuration: see bench/README.md.
// usage: node remote-grpc.mjs server <unix socket>
//        node remote-grpc.mjs client <unix socket> <pid of the server>
import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { loadOf, measure } from "../call-remote/drive.ts";
import { order, place } from "../call-remote/payload.ts";

const [role, path, serverPid] = process.argv.slice(2);
const file = fileURLToPath(new URL("../call-remote/order.proto", import.meta.url));
const loaded = loadSync(file, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
const { Orders } = loadPackageDefinition(loaded).bench;

if (role === "server") {
  const server = new Server();
  server.addService(Orders.service, {
    Place({ request }, answer) {
      if (request.items.length === 0) return answer({ code: status.INVALID_ARGUMENT });
      return answer(null, place(request));
    },
  });
  server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
    console.log(path);
  });
  process.once("SIGTERM", () => process.exit(0));
} else {
  // One channel for all calls, as its performance guide says.
  const client = new Orders(`unix:${path}`, credentials.createInsecure(), {
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
  });
  const call = () =>
    new Promise((resolve, reject) => {
      client.Place(order, { deadline: Date.now() + 10_000 }, (error, receipt) =>
        error ? reject(error) : resolve(receipt),
      );
    });
  // A sixth of the calls that count: it is slow, and a round would take minutes.
  console.log(JSON.stringify(await measure(loadOf(call), Number(serverPid), 6)));
  process.exit(0);
}
