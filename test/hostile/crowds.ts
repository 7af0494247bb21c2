/**
 * Owns attacks that need many sockets: slow heads, slow bodies, readers that do not read, idle connections, races of
 * keep-alive. Each resolves when the gateway has cut the last of them, with how long that took.
 */
import { connect, type Socket } from "node:net";

export interface CrowdVerdict {
  readonly name: string;
  readonly sockets: number;
  readonly cutAfterMsMax: number;
  readonly violation?: string;
}

interface Crowd {
  readonly name: string;
  readonly head: string;
  /** Sent every `everyMs`. */
  readonly drip?: string;
  readonly everyMs?: number;
  readonly isDeaf?: boolean;
  /** The last one is cut by then. */
  readonly cutMsMax: number;
}

const post = "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n";

const crowds: readonly Crowd[] = [
  { name: "silent connections", head: "", cutMsMax: 10_000 },
  {
    name: "slow heads",
    head: "GET /products HTTP/1.1\r\nHost: shop\r\n",
    drip: "X: y\r\n",
    everyMs: 1_000,
    cutMsMax: 10_000,
  },
  { name: "slow bodies", head: `${post}Content-Length: 100000\r\n\r\n`, drip: " ", everyMs: 500, cutMsMax: 12_000 },
  {
    name: "slow chunks",
    head: `${post}Transfer-Encoding: chunked\r\n\r\n`,
    drip: "1\r\n \r\n",
    everyMs: 500,
    cutMsMax: 12_000,
  },
  {
    name: "readers that do not read",
    head: "GET /openapi.json HTTP/1.1\r\nHost: shop\r\n\r\n".repeat(400),
    isDeaf: true,
    cutMsMax: 25_000,
  },
];

export async function runCrowds(port: number, sockets = 200): Promise<CrowdVerdict[]> {
  return Promise.all(crowds.map((crowd) => run(port, crowd, sockets)));
}

async function run(port: number, crowd: Crowd, sockets: number): Promise<CrowdVerdict> {
  const lives = await Promise.all(Array.from({ length: sockets }, () => live(port, crowd)));
  const cutAfterMsMax = Math.max(...lives.map(({ ms }) => ms));
  const bad = lives.find(({ text }) => /HTTP\/1\.1 5\d\d /.test(text));
  const violation =
    bad !== undefined
      ? `answered ${bad.text.slice(0, 40)}`
      : cutAfterMsMax > crowd.cutMsMax
        ? `one was open for ${Math.round(cutAfterMsMax)} ms`
        : undefined;
  return { name: crowd.name, sockets, cutAfterMsMax: Math.round(cutAfterMsMax), ...(violation && { violation }) };
}

function live(port: number, { head, drip, everyMs, isDeaf, cutMsMax }: Crowd): Promise<{ ms: number; text: string }> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket: Socket = connect(port, "127.0.0.1");
    let text = "";
    let dripping: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearInterval(dripping);
      clearTimeout(late);
      socket.destroy();
      resolve({ ms: performance.now() - began, text });
    };
    const late = setTimeout(done, cutMsMax + 5_000);
    socket.on("error", () => undefined);
    socket.on("close", done);
    if (isDeaf !== true) socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    if (head !== "") socket.write(head);
    if (drip !== undefined) dripping = setInterval(() => socket.writable && socket.write(drip), everyMs);
    // A deaf reader does not even notice that it was cut, unless it sends: an empty line is harmless between requests.
    if (isDeaf === true) dripping = setInterval(() => socket.writable && socket.write("\r\n"), 500);
  });
}
