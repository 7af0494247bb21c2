// The contestant `byteEcho` of `call-remote`: what the socket can do. A message is its length and nothing more; what one turn
// of the loop has to say leaves as one write. Both roles walk the messages one by one and never look inside.
// usage: node byte-echo.ts server <path> <bytes of a call> <bytes of a reply>
//        node byte-echo.ts client <path> <bytes of a call> <pid of the server>
import { connect, createServer, type Socket } from "node:net";
import { type Load, measure } from "./drive.ts";
import { Gather } from "./gather.ts";

const [role = "", path = ""] = process.argv.slice(2);
const callBytes = Number(process.argv[4]);

/** One message of so many bytes: its own length, then nothing in particular. */
function messageOf(bytes: number): Buffer {
  const message = Buffer.alloc(bytes, 0x20);
  message.writeUInt32LE(bytes, 0);
  return message;
}

/** Tells of each whole message. */
function walk(socket: Socket, take: () => void): void {
  let rest: Buffer | undefined;
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at);
      if (bytes.length - at < length) break;
      at += length;
      take();
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at);
  });
}

if (role === "server") {
  const reply = messageOf(Number(process.argv[5]));
  createServer((socket) => {
    socket.on("error", () => socket.destroy());
    const out = new Gather(socket);
    walk(socket, () => out.add(reply));
  }).listen(path, () => console.log(path));
  process.once("SIGTERM", () => process.exit(0));
} else {
  const socket = connect(path);
  const out = new Gather(socket);
  const message = messageOf(callBytes);
  let onReply: () => void = () => undefined;
  walk(socket, () => onReply());
  const load: Load = (inFlight, calls, latencies) =>
    new Promise((resolve) => {
      // Replies come in the order of the calls.
      const startedMs = new Float64Array(inFlight);
      let begun = 0;
      let ended = 0;
      const next = () => {
        startedMs[begun++ % inFlight] = performance.now();
        out.add(message);
      };
      onReply = () => {
        latencies[ended] = performance.now() - (startedMs[ended % inFlight] as number);
        if (++ended === calls) resolve();
        else if (begun < calls) next();
      };
      for (let i = 0; i < inFlight; i++) next();
    });
  console.log(JSON.stringify(await measure(load, Number(process.argv[5]))));
  process.exit(0);
}
