// The contestant `echo` of `call-remote`: what the socket can do. A message is its length and nothing more; what one turn
// of the loop has to say leaves as one write. Both roles walk the messages one by one and never look inside.
// usage: node echo.ts server <path> <bytes of a call> <bytes of a reply>
//        node echo.ts client <path> <bytes of a call> <pid of the server>
import { connect, createServer, type Socket } from "node:net";
import { type Load, measure } from "./drive.ts";

const [role = "", path = ""] = process.argv.slice(2);
const callBytes = Number(process.argv[4]);

/** One message of so many bytes: its own length, then nothing in particular. */
function messageOf(bytes: number): Buffer {
  const message = Buffer.alloc(bytes, 0x20);
  message.writeUInt32LE(bytes, 0);
  return message;
}

/** Gathers messages until the turn ends. */
function gather(socket: Socket, message: Buffer): () => void {
  let gathered = Buffer.allocUnsafe(65_536);
  let at = 0;
  const flush = () => {
    const bytes = gathered.subarray(0, at);
    // The socket keeps what it was given until it has gone.
    gathered = Buffer.allocUnsafe(65_536);
    at = 0;
    socket.write(bytes);
  };
  return () => {
    if (at === 0) setImmediate(flush);
    message.copy(gathered, at);
    at += message.length;
  };
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
    walk(socket, gather(socket, reply));
  }).listen(path, () => console.log(path));
  process.once("SIGTERM", () => process.exit(0));
} else {
  const socket = connect(path);
  const send = gather(socket, messageOf(callBytes));
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
        send();
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
