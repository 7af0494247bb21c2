// The contestant `echo` of `call-remote`: frames on a socket and nothing else. A frame has as many bytes as Skein's; the
// server answers each with a frame of its number, and the client finds the promise that waits for it. No value is read,
// nothing is checked, no call has a deadline.
// usage: node echo.ts server <path> <bytes of a call> <bytes of a reply>
//        node echo.ts client <path> <bytes of a call> <pid of the server>
import { connect, createServer, type Socket } from "node:net";
import { loadOf, measure } from "./drive.ts";
import { Gather, Waiting, walkFrames } from "./gather.ts";

const [role = "", path = ""] = process.argv.slice(2);
const callBytes = Number(process.argv[4]);

/** Writes a frame of so many bytes, and of any number. */
function sender(socket: Socket, bytes: number): (id: number) => void {
  const out = new Gather(socket);
  const frame = Buffer.alloc(bytes, 0x20);
  frame.writeUInt32LE(bytes, 0);
  return (id) => {
    const at = out.add(frame);
    out.bytes.writeUInt32LE(id, at + 4);
  };
}

if (role === "server") {
  createServer((socket) => {
    socket.on("error", () => socket.destroy());
    walkFrames(socket, sender(socket, Number(process.argv[5])));
  }).listen(path, () => console.log(path));
  process.once("SIGTERM", () => process.exit(0));
} else {
  const socket = connect(path);
  const send = sender(socket, callBytes);
  const waiting = new Waiting<number>();
  walkFrames(socket, (id, _, at, end) => waiting.came(id, end - at));
  const call = () => new Promise<number>((resolve) => send(waiting.wait(resolve)));
  const load = loadOf(call, (bytes) => {
    if (bytes === 0) throw new Error("an empty reply");
  });
  console.log(JSON.stringify(await measure(load, Number(process.argv[5]))));
  process.exit(0);
}
