// The contestant `generator` of `chain`: a socket that answers the same bytes without any work. What the load client gets
// out of it is the least latency and the most pages a second that it could measure. Prints its port.
import { type AddressInfo, createServer } from "node:net";
import { pages } from "./pages.ts";

const answers = new Map(
  pages.map(({ path, body }) => [
    path,
    Buffer.from(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.toString()}`,
    ),
  ]),
);
const pathAt = "GET ".length;
const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (request: Buffer) => {
    socket.write(answers.get(request.toString("latin1", pathAt, request.indexOf(" ", pathAt))) ?? "");
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.once("SIGTERM", () => process.exit(0));
