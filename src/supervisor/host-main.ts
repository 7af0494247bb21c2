/**
 * The process of one host: it runs the services of its group, answers its peers, and the gateway where that is one of
 * them. It outlives its supervisor, and exits only when it has drained. It must never load code of another group.
 */
import { pathToFileURL } from "node:url";
import { sleep, systemClock, systemRandom, toNextMs } from "../core/index.ts";
import { Leader } from "../data/index.ts";
import { catalogue, isSkeinCode, isSkeinError, skeinError } from "../errors/index.ts";
import type { Gateway } from "../gateway/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { Door, doorPort, Peers, principalSecret } from "../host/remote/index.ts";
import { createLog } from "../observe/index.ts";
import { gatewayService, isSystem, methodsOf, type System } from "../system/index.ts";
import type { Listener } from "../transport/index.ts";
import { Adoption, type Health, type SupervisorSays } from "./control.ts";
import { lineSink, trimLog } from "./log-file.ts";
import { placeOf } from "./replica.ts";
import { drainMs, environmentOf, type HostSettings, transferDrainMs } from "./settings.ts";
import { listenToPeers, openPeersTls, peersAddress, reachPeersWith } from "./peers-address.ts";
import { keepCompiled, raise, startHolder } from "./spawn.ts";
import { State } from "./state.ts";

/** The supervisor judges by it whether this process does anything. */
const healthMs = 500;
/** Methods that are reported one by one; those beyond are in the sums. */
const methodsMax = 256;
/** How long a start waits for others to take its connections: one that hangs takes none. */
const prepareMs = 1_000;
/** The listening socket that a gateway inherits. */
const gatewayDescriptor = 3;
/** How much longer everything may take to close at the end. */
const closeMs = 5_000;
/** Before calls that are left are cut, streams among them are told that they end. */
const lastWordMs = 1_000;
/** The same for one that has lost its leases: by then another process may lead. */
const lostMs = 500;

const settings = JSON.parse(process.argv[2] ?? "{}") as HostSettings;
const clock = systemClock;
const state = new State(settings.home);
const token = state.token();
const logFile = state.logOf(placeOf(settings));
const log = createLog({ clock, sink: lineSink(process.stdout.fd) });
// A disk that is full must not end what serves.
for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);

let host: Host | undefined;
let gateway: Gateway | undefined;
/** Whatever the gateway has answered, and what of it was a 5xx. */
const answers = { requests: 0, failedRequests: 0 };
let listener: Listener | undefined;
let peers: Peers | undefined;
let door: Door | undefined;
let isEnding = false;
/** No routes yet. */
let isWaiting = true;
let isReady = false;
const known = Promise.withResolvers<void>();

const adoption = new Adoption(
  () => state.control,
  clock,
  () => ({ is: "hello", id: settings.id, pid: process.pid, socket: settings.socket, token }),
  hear,
  // Without a supervisor the state directory is what says whether this host is still wanted.
  () => {
    const record = state.host(settings.id);
    if (record === undefined || record.isRetired || record.identity.pid !== process.pid)
      void end("it is retired", transfersOf(record));
    else if (isWaiting) hear({ is: "routes", routes: state.routes() ?? { epoch: 0, groups: {} } });
  },
);

process.on("SIGTERM", () => void end("it was told to", transfersOf(state.host(settings.id))));
// Ctrl+C goes to the whole terminal; the supervisor decides.
process.on("SIGINT", () => undefined);

try {
  await start();
} catch (error) {
  const known = isSkeinError(error) ? error : skeinError("SKEIN_SYSTEM_LOAD", String(error), { cause: error });
  log.error(`${settings.id} did not start: ${known.message}`, { code: known.code, error });
  adoption.say({ is: "failed", message: known.message, code: known.code });
  // The way to the supervisor may not be there yet.
  clock.after(500, () => process.exit(1));
}

async function start(): Promise<void> {
  const { default: system } = (await import(pathToFileURL(settings.file).href)) as { readonly default: System };
  if (!isSystem(system)) throw skeinError("SKEIN_SYSTEM_LOAD", `${settings.file} has no system as its default export`);
  const address = peersAddress(process.env, settings.socket);
  const tls = await openPeersTls(address, system.name, clock, log);
  peers = new Peers(system, { greeting: { system: system.name, token }, clock, toAddress: reachPeersWith(tls) });
  // Its own services' first calls may go elsewhere.
  await known.promise;
  const services = settings.services.filter((name) => name !== gatewayService);
  host = await createHost(system, {
    services,
    home: settings.home,
    log,
    clock,
    mode: settings.mode,
    env: environmentOf(settings),
    remote: peers.routes,
    ...(settings.isSingleton && { leader: toLead() }),
    secret: principalSecret(token),
  });
  const [others, own] = [peers, host];
  const bound = await listenToPeers(address, tls, systemRandom, (one) => others.listen(own, one));
  listener = bound.listener;
  if (settings.services.includes(gatewayService)) {
    // Most hosts have none, and it is a quarter of all that there is to load.
    const { createGateway } = await import("../gateway/index.ts");
    gateway = await createGateway(host, {
      port: 0,
      fd: gatewayDescriptor,
      onRequest: ({ status }) => {
        answers.requests++;
        if (status >= 500) answers.failedRequests++;
      },
      home: settings.home,
      log,
      clock,
      mode: settings.mode,
    });
  }
  door = await openDoor(peers, host);
  // While it has the low priority of a start: later each of them would be in the way of a call.
  await Promise.race([peers.prepare(calleesOf(system, settings.services)), sleep(clock, prepareMs)]);
  keepCompiled();
  raise();
  isReady = true;
  adoption.say({ is: "ready", address: bound.address, ...(gateway !== undefined && { url: gateway.url }) });
  report();
}

/** The services of other hosts that those may call. */
function calleesOf({ services }: System, own: readonly string[]): string[] {
  const declarations = services.map(({ declaration }) => declaration);
  const used = declarations.flatMap(({ name, uses }) =>
    own.includes(name) ? Object.values(uses).map((contract) => contract.name) : [],
  );
  const routed = declarations.filter(({ contract }) => methodsOf(contract).some(([, { http }]) => http !== undefined));
  const all = own.includes(gatewayService) ? [...used, ...routed.map(({ name }) => name)] : used;
  return declarations.map(({ name }) => name).filter((name) => all.includes(name) && !own.includes(name));
}

/** A fresh process follows one that has lost its leases: this one's services hold what they believed as leaders. */
function toLead(): Leader {
  return new Leader({
    clock,
    random: systemRandom,
    log,
    onLead: (epoch) => {
      log.info(`${settings.id} leads`, { epoch });
      adoption.say({ is: "leading", epoch });
    },
    onLost: () => void end("it does not lead any more", 0, lostMs),
  });
}

/** For services in other languages, where it is asked for. */
async function openDoor(others: Peers, own: Host): Promise<Door | undefined> {
  const port = doorPort(process.env["SKEIN_PEERS_HTTP"]);
  if (port === undefined) return undefined;
  const open = () => others.listenHttp(own, { host: "127.0.0.1", port }, process.env);
  return Door.open({ clock, log, open });
}

function hear(message: SupervisorSays): void {
  switch (message.is) {
    case "routes":
      peersReady(message.routes);
      return;
    case "yield":
      gateway?.yieldConnections(message.withinMs);
      return;
    case "drain":
      void end("it was told to", transfersOf(message));
      return;
    case "hold":
      adoption.say({
        is: "spawned",
        id: "holder",
        pid: startHolder(message.arguments, message.log, gatewayDescriptor).pid ?? -1,
      });
      return;
    default:
  }
}

function peersReady(routes: Parameters<Peers["update"]>[0]): void {
  // A host calls what it runs itself as a function, also when a move has put that elsewhere.
  const groups = Object.fromEntries(
    Object.entries(routes.groups).filter(
      ([, { services }]) => !services.every((service) => settings.services.includes(service)),
    ),
  );
  const wait = (): void => {
    if (peers === undefined) return void clock.after(1, wait);
    peers.update({ epoch: routes.epoch, groups });
    isWaiting = false;
    known.resolve();
    if (isReady) sayHealth();
  };
  wait();
}

function report(): void {
  if (isEnding) return;
  trimLog(logFile);
  sayHealth();
  clock.after(toNextMs(clock, healthMs), report, { unref: true });
}

function sayHealth(): void {
  if (isEnding) return;
  const http = door?.url ?? null;
  const epoch = peers?.routes.epoch ?? 0;
  const rss = process.memoryUsage.rss();
  const { inFlight = 0 } = host ?? {};
  adoption.say({ is: "health", inFlight, rss, http, epoch, ...answers, ...gateway?.firstAnswers, ...countsOf(host) });
}

/**
 * How its own services have answered so far, and what it has sent to others. What the caller did wrong, and declared errors,
 * are no failures.
 */
function countsOf(of: Host | undefined): Pick<Health, "answered" | "failed" | "methods" | "sent"> {
  const sum = { answered: 0, failed: 0, sent: { calls: 0, attempts: 0 } };
  const methods: Record<string, [answered: number, failed: number]> = {};
  for (const { endpoint, outcomes, sent, count, attempts } of of?.recorder.endpoints() ?? []) {
    if (sent) {
      sum.sent.calls += count;
      sum.sent.attempts += attempts;
    }
    if (!settings.services.includes(endpoint.slice(0, endpoint.indexOf(".")))) continue;
    let [answered, failed] = [0, 0];
    for (const [code, times] of Object.entries(outcomes)) {
      answered += times;
      if (isSkeinCode(code) && catalogue[code].who !== "caller") failed += times;
    }
    sum.answered += answered;
    sum.failed += failed;
    if (Object.keys(methods).length < methodsMax) methods[endpoint] = [answered, failed];
  }
  return { ...sum, methods };
}

/**
 * Streams that can go on elsewhere first. Then the gateway, so that nothing new comes in; then what peers have sent; then what is
 * open. `transfersMs`: how long uploads may take.
 */
async function end(why: string, transfersMs = drainMs, limitMs = transfersMs + closeMs): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  log.info(`${settings.id} ends: ${why}`);
  adoption.say({ is: "draining" });
  const startMs = clock.monotonic();
  const limit = clock.after(limitMs, () => process.exit(1));
  clock.after(drainMs - lastWordMs, () => host?.moveStreams("all"), { unref: true });
  host?.moveStreams();
  await gateway?.close({ transfersMs }).catch(complain);
  await door?.close().catch(complain);
  await listener?.close(leftOf(startMs, drainMs), () => isMoving(startMs, transfersMs)).catch(complain);
  await host?.close().catch(complain);
  peers?.close();
  limit.cancel();
  state.remove(settings.id, process.pid);
  adoption.close();
  process.exit(0);
}

/** What the gateway has left of the time, and in any case enough for callers to hear that this host leaves. */
function leftOf(startMs: number, ms: number): number {
  return Math.max(2_500, startMs + ms - clock.monotonic());
}

/** How long uploads may take. */
function transfersOf(told: { readonly hasSuccessor?: boolean } | undefined): number {
  return told?.hasSuccessor === true ? transferDrainMs : drainMs;
}

function isMoving(startMs: number, transfersMs: number): boolean {
  return (host?.transfers ?? 0) > 0 && clock.monotonic() - startMs < transfersMs;
}

function complain(error: unknown): void {
  log.error("could not end cleanly", { error });
}
