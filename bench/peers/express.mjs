// The contestant `express` of `gateway`: Express 5 with its own body parser and Zod for the input. Prints its port.
// Configuration: see bench/README.md.
import express from "express";
import { Order, path, place } from "../gateway/order.ts";

const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.use(express.json());
app.post(path, (request, response) => {
  const parsed = Order.safeParse(request.body);
  if (!parsed.success) return response.status(400).json({ error: parsed.error.issues });
  response.json(place(parsed.data));
});
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.once("SIGTERM", () => process.exit(0));
