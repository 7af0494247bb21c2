/**
 * The process that runs a system under `skein dev`: it loads and opens everything, then waits for the order to listen.
 * It must never outlive its parent, and never hold the port after it was told to let it go.
 */
import module from "node:module";
import { systemClock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { createGateway, type Gateway, type RequestLine } from "../../gateway/index.ts";
import { createHost, type Host } from "../../host/index.ts";
import type { Door } from "../../host/remote/index.ts";
import { createLog } from "../../observe/index.ts";
import { checkSystem } from "../../system/check.ts";
import { explainFailure } from "../failure.ts";
import { importSystem } from "../load-system.ts";
import { toProblem, wantsColour } from "../terminal.ts";
import { tlsFromEnv } from "../tls.ts";
import { openInspector } from "./debug.ts";
import type { ChildSettings, DevEvent, FindingLine, Inspect, Order, Report } from "./protocol.ts";
import { renderEvent } from "./render.ts";
import { trackLoads } from "./track.ts";

/** How long a child may live after its parent, finishing what is in flight. */
const orphanDrainMs = 500;
const orphanLifeMs = 900;
/** How long closing databases and resources may take at the end. */
const closeMs = 2_000;
const lateLoadsMs = 50;
const cacheFlushMs = 1_000;

const settings = JSON.parse(process.argv[2] ?? "{}") as ChildSettings;
const clock = systemClock;
const isColoured = wantsColour(process.stdout);

let host: Host | undefined;
let gateway: Gateway | undefined;
let door: Door | undefined;
let isReported = false;
let isEnding = false;
let pendingText = "";

const send = (report: Report, then?: () => void): void => {
  if (process.connected) process.send?.(report, () => then?.());
  else then?.();
};

/** Text is gathered for a turn: many requests cost one write. */
const show = (event: DevEvent): void => {
  if (settings.isJson) return send({ is: "event", event });
  if (pendingText === "") clock.after(0, flushText);
  pendingText += renderEvent(event, isColoured);
};
const flushText = (): void => {
  const text = pendingText;
  pendingText = "";
  if (text !== "") process.stdout.write(text);
};

/** Where services in other languages call back, if that is asked for. */
const doorPort = process.env["SKEIN_PEERS_HTTP"] ?? "";
const doorModule = doorPort === "" ? undefined : await import("./door.ts");

const tracker = trackLoads(() => {
  // What is loaded before the first report is in it; later ones (an import() in a handler) follow in a batch.
  if (!isReported || isBatched) return;
  isBatched = true;
  clock.after(lateLoadsMs, reportLoads, { unref: true });
});
let isBatched = false;
const reportLoads = (): void => {
  isBatched = false;
  isReported = true;
  send({ is: "loaded", files: [...tracker.files], missing: [...tracker.missing] });
};

async function load(inspect: Inspect | undefined): Promise<void> {
  let findings: FindingLine[] = [];
  try {
    if (inspect !== undefined) announce(openInspector(inspect, true));
    // oxlint-disable-next-line no-debugger -- this is where --inspect-brk promises to stop: before the system's first line
    if (inspect?.isWaiting === true) debugger;
    const system = await importSystem(settings.file);
    findings = [...(await checkSystem(system))];
    const errors = findings.filter((finding) => finding.level === "error").length;
    if (errors > 0)
      throw skeinError("SKEIN_SYSTEM_INVALID", `${system.name} has ${errors} ${errors === 1 ? "error" : "errors"}`);
    host = await createHost(system, {
      mode: "development",
      home: settings.home,
      log,
      ...(doorModule !== undefined && { secret: doorModule.secret }),
    });
    reportLoads();
    send({ is: "ready", system: system.name, services: host.services, findings });
  } catch (error) {
    reportLoads();
    const failure = explainFailure(error, tracker.last);
    send({ is: "failed", failure, findings: findings.filter((finding) => finding.level === "error") }, () =>
      process.exit(1),
    );
  }
}

async function listen(port: number): Promise<void> {
  if (host === undefined) return;
  const onRequest = (line: RequestLine) => show(toRequestEvent(line));
  try {
    const tls = tlsFromEnv(process.env);
    gateway = await createGateway(host, {
      port,
      hostname: settings.hostname,
      log,
      clock,
      home: settings.home,
      mode: "development",
      onRequest,
      ...(tls !== undefined && { tls }),
    });
    door = await doorModule?.openDoor(host, doorPort, log);
    send({ is: "listening", url: gateway.url, port: gateway.port });
    // A child that is killed never writes the compile cache, and being killed is how many of them end.
    clock.after(cacheFlushMs, () => module.flushCompileCache(), { unref: true });
  } catch (error) {
    send({ is: "failed", failure: toProblem(error), findings: [] }, () => process.exit(1));
  }
}

/** Lets the port go at once, finishes what is in flight for `withinMs`, closes everything and ends the process. */
async function end(withinMs: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  const drained = Promise.all([gateway?.close(), door?.close(withinMs)]);
  // Closing a listener frees its port within the turn.
  clock.after(0, () => send({ is: "released" }));
  await bounded(withinMs, drained);
  await bounded(closeMs, host?.close());
  flushText();
  send({ is: "ended" }, () => process.exit(0));
}

async function bounded(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  if (work === undefined) return;
  const limit = Promise.withResolvers<void>();
  const timer = clock.after(ms, limit.resolve);
  await Promise.race([work.catch((error: unknown) => log.error("could not end cleanly", { error })), limit.promise]);
  timer.cancel();
}

function toRequestEvent(line: RequestLine): DevEvent {
  return {
    event: "request",
    time: new Date(clock.now()).toISOString(),
    method: line.method,
    path: line.path,
    status: line.status,
    ms: Math.round(line.durationMs * 100) / 100,
    ...(line.endpoint !== undefined && { endpoint: line.endpoint }),
    ...(line.code !== undefined && { code: line.code }),
    traceId: line.traceId,
  };
}

function announce(url: string | undefined): void {
  if (url !== undefined) send({ is: "event", event: { event: "debugger", url } });
}

function obey(order: Order): void {
  if (order.do === "load") void load(order.inspect);
  else if (order.do === "listen") void listen(order.port);
  else if (order.do === "end") void end(order.withinMs);
  else announce(openInspector(order.inspect, false));
}

const log = createLog({
  clock,
  sink: (_level, line) => show({ event: "log", line: JSON.parse(line) as Record<string, unknown> }),
});

process.on("message", (order) => obey(order as Order));
process.on("disconnect", () => {
  clock.after(orphanLifeMs, () => process.exit(1), { unref: true });
  void end(orphanDrainMs);
});
// Ctrl+C reaches the whole process group: the parent decides. A signal to this process alone means the whole, too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => send({ is: "signalled" }));
// The reader of our output may leave first (`skein dev | head`).
process.stdout.on("error", () => undefined);
