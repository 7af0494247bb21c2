// The contestant `grpc` of `chain`: @grpc/grpc-js, one process for each service and Fastify in front. Prints the front's
// port. Configuration: see bench/README.md.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { clientsOf, ready, startFront, startServices, uses, work } from "./page.mjs";

const timeoutMs = 10_000;
const proto = grpc.loadPackageDefinition(
  loadSync(fileURLToPath(new URL("page.proto", import.meta.url)), { keepCase: true, longs: Number, defaults: true }),
).page;
const addressOf = (directory, name) => `unix:${directory}/${name}.sock`;

/** One channel for each peer. What is called inherits its caller's deadline, as gRPC's propagation has it. */
function connect(directory, names) {
  const stubs = Object.fromEntries(
    names.map((name) => {
      const options = { "grpc.keepalive_time_ms": 30_000, "grpc.keepalive_timeout_ms": 5_000 };
      return [name, new proto[name](addressOf(directory, name), grpc.credentials.createInsecure(), options)];
    }),
  );
  return (deadline) =>
    clientsOf(
      names,
      (name, method, input) =>
        new Promise((resolve, reject) =>
          stubs[name][method](input, { deadline: deadline() }, (error, reply) =>
            error ? reject(error) : resolve(reply),
          ),
        ),
    );
}

async function serve(name, directory) {
  const clients = connect(directory, uses[name]);
  const server = new grpc.Server();
  const handlers = Object.entries(work[name]).map(([method, run]) => [
    method,
    (call, answer) =>
      run(
        call.request,
        clients(() => call.getDeadline()),
      ).then((reply) => answer(null, reply), answer),
  ]);
  server.addService(proto[name].service, Object.fromEntries(handlers));
  await new Promise((resolve, reject) =>
    server.bindAsync(addressOf(directory, name), grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  ready();
}

const [name, directory] = process.argv.slice(2);
if (name !== undefined) await serve(name, JSON.parse(directory));
else {
  const sockets = mkdtempSync(`${tmpdir()}/bench-grpc-`);
  process.once("exit", () => rmSync(sockets, { recursive: true, force: true }));
  await startServices(fileURLToPath(import.meta.url), sockets);
  const { home } = connect(sockets, ["home"])(() => Date.now() + timeoutMs);
  await startFront(home.page);
}
