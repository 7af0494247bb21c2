// The contestant `node` of `start`: the same answer from node:http alone, the floor under everybody. Listens on PORT.
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const name = (request.url ?? "").slice("/hello/".length);
  response.setHeader("content-type", "application/json").end(JSON.stringify({ text: `Hello, ${name}` }));
});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
process.once("SIGTERM", () => process.exit(0));
