// The contestant `generator` of `gateway`: a socket that answers the same bytes to whatever arrives, without reading it.
// What the load client gets out of it is the most it could measure. Prints its port.
import { type AddressInfo, createServer } from "node:net";
import { replyBody } from "./order.ts";

const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${replyBody.length}\r\n\r\n${replyBody}`,
);
const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", () => socket.write(answer));
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.once("SIGTERM", () => process.exit(0));
