/** Serves a bundle in Node: a bridge from `node:http` to `fetch`. Prints its port. For a bigger load, use `skein/gateway`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import type app from "./app.ts";

const [file = "", port = "0"] = process.argv.slice(2);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what app.ts was bundled into
const { default: bundle } = (await import(pathToFileURL(file).href)) as { default: typeof app };

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(Number(port), "127.0.0.1", () => console.log((server.address() as AddressInfo).port));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const leaving = new AbortController();
  response.on("close", () => leaving.abort());
  const { status, headers, body } = await bundle.fetch(toRequest(request, leaving.signal));
  response.writeHead(status, [...headers].flat());
  if (body === null) response.end();
  else await pipeline(Readable.fromWeb(body as import("node:stream/web").ReadableStream), response);
}

function toRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", rawHeaders } = request;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(`http://${request.headers.host ?? "localhost"}${url}`, {
    method,
    headers,
    signal,
    ...(hasBody && { body: toBody(request), duplex: "half" }),
  });
}

/** A body that is not wanted any more is read and dropped: to destroy it would reset its sender before it reads the answer. */
function toBody(request: IncomingMessage): ReadableStream<Uint8Array> {
  const pieces = request.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = (await pieces.next()) as IteratorResult<Buffer, undefined>;
      if (next.done === true) controller.close();
      else controller.enqueue(new Uint8Array(next.value));
    },
    async cancel() {
      await pieces.return?.();
      request.on("error", () => undefined).resume();
    },
  });
}
