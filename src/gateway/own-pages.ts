/** Owns what the gateway answers by itself: documentation, OpenAPI, health. It must never answer with anything secret. */
import { sendText } from "./encoding.ts";
import type { Host } from "../host/index.ts";
import { methodsOf, type System } from "../system/index.ts";
import { docsIcon } from "./docs/icon.ts";
import { docsPage } from "./docs/page.ts";
import { docsScript } from "./docs/script.ts";
import { docsStyle } from "./docs/style.ts";
import type { Exchange } from "./exchange.ts";
import { createHealth } from "./health.ts";
import { renderOpenApi } from "./openapi.ts";
import type { Settings } from "./options.ts";

export type OwnPage = (exchange: Exchange) => void | Promise<void>;

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The gateway's pages by path. */
export function ownPages(host: Host, settings: Settings, isDraining: () => boolean): ReadonlyMap<string, OwnPage> {
  const health = createHealth(host, settings.clock, settings.log, isDraining);
  // Made at the first request and once: describing every schema would slow the start of a big system.
  let openApi: Promise<string> | undefined;
  const document = () =>
    (openApi ??= renderOpenApi(host.system, { title: settings.title, version: settings.version }).then((api) =>
      JSON.stringify(api),
    ));
  const pages = new Map<string, OwnPage>([
    ["/health/live", (exchange) => answerHealth(exchange, true, "live")],
    ["/health/ready", async (exchange) => answerHealth(exchange, await health.isReady(), "ready")],
    ["/openapi.json", async (exchange) => sendFixed(exchange, "application/json", await document())],
    [
      "/docs",
      (exchange) =>
        sendFixed(exchange, "text/html; charset=utf-8", docsPage(settings.title, host.system.services.length)),
    ],
    ["/docs/icon.svg", (exchange) => sendFixed(exchange, "image/svg+xml", docsIcon)],
    ["/docs/app.js", (exchange) => sendFixed(exchange, "text/javascript; charset=utf-8", docsScript)],
    ["/docs/style.css", (exchange) => sendFixed(exchange, "text/css; charset=utf-8", docsStyle)],
  ]);
  // A courtesy to who opens the address in a browser; a service that wants either path has it.
  const toDocs: OwnPage = (exchange) => exchange.send(302, { location: "/docs", "cache-control": "no-store" });
  if (!hasRoute(host.system, "/")) pages.set("/", toDocs);
  if (!hasRoute(host.system, "/favicon.ico"))
    pages.set("/favicon.ico", (exchange) => sendFixed(exchange, "image/svg+xml", docsIcon));
  return pages;
}

/** Whether a route of the system, with any verb, may lead to a path of at most one segment. */
function hasRoute(system: System, path: string): boolean {
  if (system.mounts.some(({ prefix }) => prefix === "")) return true;
  return system.services.some(({ declaration }) =>
    methodsOf(declaration.contract).some(([name, { http }]) => {
      if (declaration.policy[name]?.access === "internal") return false;
      const [, route = ""] = http?.route.split(" ") ?? [];
      return route === path || (path !== "/" && /^\/:[^/]+$/.test(route));
    }),
  );
}

function answerHealth(exchange: Exchange, isWell: boolean, what: string): void {
  const body = JSON.stringify({ status: isWell ? what : `not ${what}` });
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...(!isWell && { "retry-after": 1 }),
  };
  exchange.send(isWell ? 200 : 503, headers, body);
}

/** A body that does not change while the process lives, with an ETag for who asks again. */
function sendFixed(exchange: Exchange, type: string, body: string): Promise<void> | void {
  const headers = {
    "content-type": type,
    "cache-control": "no-cache",
    "content-security-policy": policy,
    "referrer-policy": "no-referrer",
  };
  return sendText(exchange, 200, headers, body, true);
}
