/**
 * Owns what a request must say before it becomes a channel: version, protocol, whose page it comes from, where it goes on.
 * It must never decide who may open a channel: the call path does.
 */
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { Cors } from "../cors.ts";
import type { Exchange } from "../exchange.ts";
import { keyMax } from "../limits.ts";
import { badRequest } from "../target.ts";

/** The protocol of the messages; a client that names others must name it too. */
export const channelProtocol = "skein.channel.1";

/** Throws `SKEIN_HTTP_UPGRADE`, `SKEIN_HTTP_BAD_REQUEST` or `SKEIN_ACCESS_DENIED`. */
export function checkChannelHead(exchange: Exchange, cors: Cors | undefined): void {
  if (!exchange.canUpgrade) throw upgradeRequired(exchange, "the route is a channel: open it as a WebSocket");
  if (exchange.header("sec-websocket-version") !== "13") {
    exchange.setHeader("sec-websocket-version", "13");
    throw upgradeRequired(exchange, "the WebSocket's version is not 13");
  }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(exchange.header("sec-websocket-key") ?? "")) {
    throw badRequest("the request has no usable Sec-WebSocket-Key");
  }
  const protocols = exchange.header("sec-websocket-protocol");
  if (protocols !== undefined && !protocols.split(",").some((name) => name.trim() === channelProtocol)) {
    throw badRequest(`the channel speaks ${channelProtocol}`);
  }
  checkOrigin(exchange, cors);
}

/**
 * A browser lets any site's page open a WebSocket here, with the cookies of whoever looks at it, and lets it read what comes:
 * only the server can refuse. A program sends no Origin.
 */
function checkOrigin(exchange: Exchange, cors: Cors | undefined): void {
  const origin = exchange.header("origin");
  if (origin === undefined) return;
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (host !== undefined && host !== "" && host === exchange.header("host")?.toLowerCase()) return;
  if (cors?.mayOpen(exchange, origin) !== true) {
    throw skeinError("SKEIN_ACCESS_DENIED", "another site's page opened the channel");
  }
}

/** Where the client goes on, and the query without it. The query wins: a browser's WebSocket can send no header. */
export function takeResume(exchange: Exchange, query: string): { resumeFrom: string | undefined; query: string } {
  const given: string[] = [];
  const rest = query.split("&").filter((part) => {
    const isResume = part === "resume" || part.startsWith("resume=");
    if (isResume) given.push(part.slice("resume=".length));
    return !isResume;
  });
  if (given.length > 1) throw badRequest("the query says twice where to go on");
  const [text] = given;
  const id = text === undefined ? exchange.header("last-event-id") : decode(text);
  if (id === undefined || id === "") return { resumeFrom: undefined, query: rest.join("&") };
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  if (id.length > keyMax || /[\0-\x1f\x7f]/.test(id)) throw badRequest("what to go on after is no id");
  return { resumeFrom: id, query: rest.join("&") };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw badRequest("the target has bad percent-encoding");
  }
}

function upgradeRequired(exchange: Exchange, detail: string): SkeinError {
  exchange.setHeader("upgrade", "websocket");
  return skeinError("SKEIN_HTTP_UPGRADE", detail);
}
