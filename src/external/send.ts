/**
 * Owns one attempt: a request out and a whole reply in, within limits. It must never follow a redirect, decompress, or keep
 * more of a reply than its limit.
 */
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { http, loadHttps } from "../core/node-modules.ts";
import { isSkeinError, skeinError } from "../errors/index.ts";
import { replyHeaderBytesMax } from "./limits.ts";
import type { Outgoing } from "./request.ts";
import { bare } from "./connect.ts";

export interface Peer {
  readonly service: string;
  readonly url: URL;
  readonly agent: Agent;
  readonly replyBytesMax: number;
}

export interface Reply {
  readonly status: number;
  /** Media type in lower case, without its parameters. */
  readonly type: string;
  readonly retryAfterMs: number | undefined;
  readonly body: Buffer;
}

/** Rejects with `SKEIN_EXTERNAL_UNREACHABLE`, `_ADDRESS`, `_LOST`, `_TOO_LARGE`, `_REPLY`, or the signal's reason. */
export function send(
  peer: Peer,
  outgoing: Outgoing,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Reply> {
  const { url, agent } = peer;
  const isTls = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const given = { ...headers, ...outgoing.headers };
    const length = outgoing.body === undefined ? hasNoBody(outgoing) : { "content-length": outgoing.body.length };
    const call: ClientRequest = (isTls ? loadHttps() : http).request({
      agent,
      signal,
      host: bare(url.hostname),
      port: url.port === "" ? (isTls ? 443 : 80) : url.port,
      method: outgoing.method,
      path: outgoing.path,
      // One form of every reply: nothing that must be unpacked to learn its size.
      headers: { host: url.host, accept: "application/json", "accept-encoding": "identity", ...given, ...length },
      maxHeaderSize: replyHeaderBytesMax,
    });
    let isSent = false;
    call.once("socket", () => (isSent = true));
    call.once("response", (response) => void read(peer, response, signal).then(resolve, reject));
    call.on("error", (cause: Error) => {
      if (isSkeinError(cause)) return reject(cause);
      if (signal.aborted) return reject(signal.reason as Error);
      if (isMalformed(cause)) return reject(unreadable(peer, "is not HTTP", cause));
      const code = isSent ? "SKEIN_EXTERNAL_LOST" : "SKEIN_EXTERNAL_UNREACHABLE";
      reject(skeinError(code, isSent ? `the connection to ${peer.service} was lost` : undefined, { cause }));
    });
    call.end(outgoing.body);
  });
}

/** Servers expect a length with these verbs, also when there is nothing to send. */
function hasNoBody({ method }: Outgoing): object {
  return method === "GET" || method === "DELETE" ? {} : { "content-length": 0 };
}

async function read(peer: Peer, response: IncomingMessage, signal: AbortSignal): Promise<Reply> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    // A length that is announced is believed when it is too much.
    if (Number(response.headers["content-length"] ?? 0) > peer.replyBytesMax) throw tooLarge(peer);
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > peer.replyBytesMax) throw tooLarge(peer);
      parts.push(part);
    }
  } catch (cause) {
    response.destroy();
    if (isSkeinError(cause)) throw cause;
    if (signal.aborted) throw signal.reason;
    throw skeinError("SKEIN_EXTERNAL_LOST", `the reply of ${peer.service} broke off`, { cause });
  }
  const encoding = response.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity" && size > 0)
    throw unreadable(peer, "is compressed, which was not asked for");
  const [type = ""] = (response.headers["content-type"] ?? "").split(";");
  return {
    status: response.statusCode ?? 0,
    type: type.trim().toLowerCase(),
    retryAfterMs: secondsOf(response.headers["retry-after"]),
    body: Buffer.concat(parts),
  };
}

function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined;
}

function isMalformed(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("HPE_");
}

function tooLarge({ service, replyBytesMax }: Peer) {
  return skeinError("SKEIN_EXTERNAL_TOO_LARGE", `the reply of ${service} is larger than ${replyBytesMax} bytes`);
}

function unreadable({ service }: Peer, what: string, cause?: unknown) {
  return skeinError("SKEIN_EXTERNAL_REPLY", `the reply of ${service} ${what}`, { cause });
}
