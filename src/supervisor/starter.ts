/**
 * Owns the life of a replica's process: started one at a time, ready, told to end, ended, started again after a pause; one that hangs holds up nobody else for long. It
 * must never judge whether one should go on: it is told.
 */
import type { GatewaySocket } from "./gateway-socket.ts";
import type { HostTable } from "./host-table.ts";
import { identify, signal } from "./process-identity.ts";
import type { Processors } from "./processors.ts";
import { isGateway, isNearLimit, placeOf, type Replica } from "./replica.ts";
import { drainLimitMs, type HostSettings, transferDrainLimitMs } from "./settings.ts";
import { hostArguments, startHost } from "./spawn.ts";

/** A start that takes longer no longer keeps others from starting beside it; so many at a time at most. */
const aloneMs = 3_000;
const startingMax = 4;

const pause = { firstMs: 100, longestMs: 30_000 } as const;

export class Starter {
  readonly #table: HostTable;
  readonly #socket: GatewaySocket;
  readonly #starting = new Set<Replica>();
  readonly processors: Pick<Processors, "restMs">;
  #readyMs = Number.NEGATIVE_INFINITY;
  #isOver = false;

  constructor(table: HostTable, socket: GatewaySocket, processors: Pick<Processors, "restMs">) {
    this.#table = table;
    this.#socket = socket;
    this.processors = processors;
  }

  /** Whether it is started now and is not ready. */
  isStarting(one: Replica): boolean {
    return this.#starting.has(one);
  }

  /** Nothing is started any more. */
  close(): void {
    this.#isOver = true;
  }

  /** Starts what is due. One at a time, where none hangs: ten that start together make those that serve wait. */
  next(): void {
    if (this.#isOver || this.#starting.size >= startingMax) return;
    const { replicas, options } = this.#table;
    const { state, mode, clock } = options;
    const waiting = replicas.filter((one) => one.state === "waiting" && !one.isGoing);
    if (waiting.length === 0) return;
    const now = clock.monotonic();
    // Asked while others start, too: what they did meanwhile is known when it is this one's turn.
    const restMs = waiting.some(isNewcomer) ? this.processors.restMs : 0;
    const due = waiting.find(
      (one) =>
        one.notBeforeMs <= now &&
        (!isGateway(one) || this.#socket.isHeld) &&
        !this.#isHeldUp(one, now) &&
        !(isNewcomer(one) && now - this.#readyMs < restMs),
    );
    if (due === undefined) return;
    this.#starting.add(due);
    due.state = "starting";
    due.startedMs = now;
    due.startedAt = clock.now();
    due.lastError = undefined;
    const { id, group, replica, services, isSingleton, memory, build } = due;
    due.socket = state.newSocketOf(id);
    const { socket } = due;
    const what = { id, group, replica, services, isSingleton };
    const mayBeAhead = state.keptBuild !== undefined;
    const settings: HostSettings = { ...what, file: build.file, home: state.home, socket, mode, mayBeAhead };
    const args = hostArguments(settings, memory, build);
    const log = state.logOf(placeOf(due));
    const isAwaited = this.#isAwaited(due);
    if (isGateway(due)) this.#socket.spawn(id, args, log, isAwaited);
    else this.#started(due, startHost(args, log, isAwaited).pid ?? -1);
  }

  /**
   * By one that has just been started, or by one of its group, which would hang as that does. What calls wait for goes before
   * a change's newcomers, and none of these starts beside another: nobody waits for it, and its change ends with one that hangs.
   */
  #isHeldUp(due: Replica, now: number): boolean {
    const isAwaited = this.#isAwaited(due);
    return [...this.#starting].some((one) => {
      if (isAwaited && (isNewcomer(one) || one.replaces !== undefined)) return false;
      if (isNewcomer(due) && isNewcomer(one)) return true;
      return one.group === due.group || now - one.startedMs < aloneMs;
    });
  }

  /**
   * Nobody else of its group serves, or the one that it replaces has little memory left. A newcomer is not awaited, though
   * it be the first of its group: until it gets calls others answer them.
   */
  #isAwaited(due: Replica): boolean {
    if (isNewcomer(due)) return false;
    const { replaces } = due;
    if (replaces !== undefined && isNearLimit(replaces)) return true;
    return !this.#table.replicas.some(
      ({ group, state, isRouted, isSilent }) => group === due.group && state === "ready" && isRouted && !isSilent,
    );
  }

  /** Somebody else started it: the holder, which has the gateway's socket. */
  spawned(id: string, pid: number): void {
    const one = this.#table.find(id);
    // One that is known already, or was given up, or ordered by a supervisor that died: it finds that it is not wanted.
    if (one === undefined || one.identity !== undefined || !this.#starting.has(one)) return;
    this.#started(one, pid);
    this.#table.notify();
  }

  ready(one: Replica, address = one.socket): void {
    // One that is taken over says so again; one that was told to end meanwhile is not.
    if (one.state !== "starting") return;
    one.address = address;
    const { clock, log } = this.#table.options;
    one.state = "ready";
    this.#readyMs = one.readyMs = one.heardMs = clock.monotonic();
    this.#table.mark(one, { isReady: true, address });
    log.info(`${one.id} is ready`);
    this.#starting.delete(one);
    this.#table.publish();
    this.next();
  }

  /**
   * Out of the routes, and told to end after what it has in flight. `isReplaced`: another one has its place, so that uploads
   * may take their time; but a leader's successor waits for its end.
   */
  drain(one: Replica, isReplaced = true, afterMs = 0): void {
    const hasSuccessor = isReplaced && !one.isSingleton;
    one.state = "draining";
    const { clock } = this.#table.options;
    one.drainingMs = clock.monotonic() + afterMs;
    one.drainLimitMs = hasSuccessor ? transferDrainLimitMs : drainLimitMs;
    this.#table.mark(one, { isRetired: true, hasSuccessor });
    this.#table.publish();
    const tell = (): void => {
      const wire = this.#table.wires.get(one.id);
      if (wire !== undefined) wire.say({ is: "drain", hasSuccessor });
      else if (one.identity !== undefined) signal(one.identity, "SIGTERM");
    };
    if (afterMs === 0) tell();
    else clock.after(afterMs, tell, { unref: true });
  }

  /** Its place is gone before it had a process. */
  forget(one: Replica): void {
    this.#starting.delete(one);
    this.#succeeded(one);
    this.#table.remove(one);
    this.next();
  }

  /** Its process is no more: the next one is started after a pause, unless it was told to end. */
  ended(one: Replica): void {
    const { state, log } = this.#table.options;
    state.remove(one.id);
    if (one.state !== "draining") {
      log.warn(`${one.id} ended`, { reason: one.lastError ?? "killed, or without a word" });
      one.failures++;
    }
    this.#starting.delete(one);
    if (this.#succeeded(one) || one.isGoing) this.#table.remove(one);
    else this.#again(one);
    this.#table.publish();
    this.#table.notify();
  }

  /** Whether another process has its place from now on. It gets calls as soon as it is ready: nobody else answers them. */
  #succeeded(one: Replica): boolean {
    const replacement = this.#table.replacementOf(one);
    if (replacement === undefined) return false;
    replacement.replaces = undefined;
    replacement.isRouted = true;
    this.#table.mark(replacement, { replaces: undefined });
    return true;
  }

  #again(one: Replica): void {
    const { clock } = this.#table.options;
    // Whatever it was: what comes after an end is what should run.
    if (!one.isProving) one.build = this.#table.build;
    one.identity = undefined;
    one.state = "waiting";
    one.readyMs = one.drainingMs = undefined;
    one.leads = undefined;
    one.isSilent = false;
    one.rss = one.inFlight = one.epoch = one.answered = one.failed = 0;
    one.requests = one.failedRequests = one.clients = one.refusedClients = 0;
    one.methods = {};
    one.marks = [];
    one.sent = { calls: 0, attempts: 0 };
    one.http = null;
    one.restarts++;
    const pauseMs = one.failures === 0 ? 0 : Math.min(pause.longestMs, pause.firstMs * 2 ** (one.failures - 1));
    one.notBeforeMs = clock.monotonic() + pauseMs;
    if (pauseMs > 0) clock.after(pauseMs, () => this.next(), { unref: true });
  }

  /** It was ordered from a holder that is gone, and nobody can say whether it was started. */
  lost(): void {
    for (const one of this.#starting) if (isGateway(one) && one.identity === undefined) this.ended(one);
  }

  #started(one: Replica, pid: number): void {
    const identity = identify(pid);
    if (identity === undefined) return this.ended(one);
    one.identity = identity;
    if (this.#table.remember(one, identity)) return;
    // Without a record the next supervisor would start a second one.
    one.lastError = "its record could not be written";
    signal(identity, "SIGKILL");
  }
}

/** Of a change, and no call goes to it yet. */
function isNewcomer({ isRouted, replaces }: Replica): boolean {
  return !isRouted && replaces === undefined;
}
