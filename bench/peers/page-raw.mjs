// The contestant `raw` of `chain`: as little as a page of 20 calls over eleven processes can be on Node. Frames of JSON with
// a length and a number over unix sockets, and `node:http` in front. Prints the front's port. It promises nothing: no
// deadline, no limit, no check of what comes, no error of a handler.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect as connectTo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { clientsOf, ready, services, startServices, uses, work } from "./page.mjs";

const addressOf = (directory, name) => `${directory}/${name}.sock`;
/** Bytes of what follows, the call's number, then for a call the method's number, then JSON. */
const lengthBytes = 4;
const replyBytes = 8;
const callBytes = 9;

/** One write for one frame: at a modest rate there is nothing to gather. */
function frameOf(headBytes, call, json) {
  const size = headBytes + Buffer.byteLength(json);
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeUInt32LE(size - lengthBytes, 0);
  bytes.writeUInt32LE(call, lengthBytes);
  bytes.write(json, headBytes);
  return bytes;
}

/** Hands on whole frames. */
function framesTo(take) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; bytes.length - at >= lengthBytes;) {
      const end = at + lengthBytes + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      take(bytes, at, end);
      at = end;
    }
    rest = bytes.subarray(at);
  };
}

function connect(directory, names) {
  const callers = Object.fromEntries(
    names.map((name) => {
      const socket = connectTo(addressOf(directory, name));
      const waiting = new Map();
      let last = 0;
      const take = framesTo((bytes, at, end) => {
        const call = bytes.readUInt32LE(at + lengthBytes);
        const told = waiting.get(call);
        waiting.delete(call);
        told(JSON.parse(bytes.toString("utf8", at + replyBytes, end)));
      });
      socket.on("data", take);
      return [
        name,
        (method, input) =>
          new Promise((resolve) => {
            waiting.set(++last, resolve);
            const bytes = frameOf(callBytes, last, JSON.stringify(input));
            bytes[replyBytes] = services[name].indexOf(method);
            socket.write(bytes);
          }),
      ];
    }),
  );
  return clientsOf(names, (name, method, input) => callers[name](method, input));
}

/** Its peers are looked for at their first call, when all of them serve. */
async function serve(name, directory) {
  const handlers = Object.values(work[name]);
  let clients;
  const server = createServer((socket) => {
    const take = framesTo((bytes, at, end) => {
      const call = bytes.readUInt32LE(at + lengthBytes);
      const input = JSON.parse(bytes.toString("utf8", at + callBytes, end));
      clients ??= connect(directory, uses[name]);
      void handlers[bytes[at + replyBytes]](input, clients).then((reply) =>
        socket.write(frameOf(replyBytes, call, JSON.stringify(reply))),
      );
    });
    socket.on("data", take);
  });
  await new Promise((resolve) => server.listen(addressOf(directory, name), resolve));
  ready();
}

async function front(directory) {
  await startServices(fileURLToPath(import.meta.url), directory);
  const { home } = connect(directory, ["home"]);
  const server = createHttpServer((request, response) => {
    const query = new URLSearchParams(request.url.slice(request.url.indexOf("?") + 1));
    void home.page(Object.fromEntries(query)).then((page) => {
      const body = Buffer.from(JSON.stringify(page));
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.once("SIGTERM", () => process.exit(0));
  console.log(server.address().port);
}

const [name, directory] = process.argv.slice(2);
if (name !== undefined) await serve(name, JSON.parse(directory));
else {
  const sockets = mkdtempSync(`${tmpdir()}/bench-raw-`);
  process.once("exit", () => rmSync(sockets, { recursive: true, force: true }));
  await front(sockets);
}
