// The contestants `raw` and `rawBoth` of `gateway`: node:http and Zod, written as one writes it by hand when it has to be
// fast. `raw` validates the input only; `rawBoth` the output too, as Skein does. Prints its port.
import { createServer } from "node:http";
import { Order, path, place, Receipt } from "../gateway/order.ts";

const validatesOutput = process.argv[2] === "both";

function handle(response, bytes) {
  let given;
  try {
    given = JSON.parse(bytes.toString("utf8"));
  } catch {
    return answer(response, 400, { error: "not JSON" });
  }
  const parsed = Order.safeParse(given);
  if (!parsed.success) return answer(response, 400, { error: parsed.error.issues });
  const reply = place(parsed.data);
  answer(response, 200, validatesOutput ? Receipt.parse(reply) : reply);
}

function answer(response, status, value) {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

const server = createServer((request, response) => {
  if (request.method !== "POST" || request.url !== path) return answer(response, 404, { error: "not found" });
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => handle(response, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.once("SIGTERM", () => process.exit(0));
