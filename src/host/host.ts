/**
 * Owns a process's running services: open, ready, drain, close, in that order. It must never listen on a socket; what
 * brings calls from outside (a gateway, a transport) stands in front of it.
 */
import type { AnyContract, Client } from "../contract/index.ts";
import {
  Admission,
  CallRuntime,
  createClient,
  type Endpoint,
  ownPrincipal,
  type RemoteRoutes,
  type RootOptions,
  type Told,
} from "../call/index.ts";
import { afterTurn, type Clock, type Random, type Secret, systemClock, systemRandom, toMs } from "../core/index.ts";
import { isSkeinCode, isSkeinError, type SkeinError, skeinError } from "../errors/index.ts";
import { createRecorder, quietly, type Recorder, silentLog } from "../observe/index.ts";
import { type Leadership, type Log, type Mode, type System, type TokenGrant } from "../system/index.ts";
import { Admitted, isFromElsewhere } from "./admitted.ts";
import { Counted } from "./counted.ts";
import { openMounts } from "./mount/open-all.ts";
import type { LiveMount } from "./mount/open.ts";
import { bringUp, closeAll, isHook, type LiveService, readyHook, startHook } from "./load.ts";
import { randomSecret, toContext } from "./open-context.ts";
import { type RateCall, rateHook } from "./rate.ts";
import { select } from "./select.ts";
import { SharedThings } from "./shared.ts";
import { Streams } from "./streams.ts";

/** How a host runs. Everything has a default that suits a program on one machine. @since 0.1.0 */
export interface HostOptions {
  /** Names of the services this host runs; all of the system unless given. Only their code is loaded. */
  readonly services?: readonly string[];
  readonly mode?: Mode;
  /** State directory; `.skein` in the working directory unless given. Nothing is written before a database opens. */
  readonly home?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  readonly recorder?: Recorder;
  /** Encodes and decodes every call between services, as if each ran in a process of its own. */
  readonly far?: boolean;
  /** Databases in memory, in this thread. */
  readonly inMemory?: boolean;
  /**
   * What the hosts of one system sign principals with for services in other languages, at least 32 bytes; made at random
   * unless given, and then good for this host alone.
   */
  readonly secret?: Secret<Uint8Array>;
  /** Finds services that run in other hosts; without it those are unknown here. */
  readonly remote?: RemoteRoutes;
  /**
   * For runtimes in which one request may not wait for what another has begun, or whose work ends with its request
   * (Cloudflare Workers): each call from outside has its own timer, and replies are cached but flights not shared.
   */
  readonly isolated?: boolean;
  /**
   * One of several hosts with the same services leads: this one starts as a standby, whose services are open, refuses calls
   * from outside with `SKEIN_LEADER_NONE`, and runs its start hooks once it leads. One that has lost its lease is to be closed.
   */
  readonly leader?: Leadership;
  /** Told of work that goes on when the host is open: the start hooks, together. It never rejects. */
  readonly keep?: (work: Promise<void>) => void;
  /** Deadline of calls from outside in milliseconds, 10,000 unless given. */
  readonly timeoutMs?: number;
}

/** Options of a client that a host gives to code outside any service. @since 0.1.0 */
export interface ClientOptions {
  readonly principal?: unknown;
}

/** Running services. @since 0.1.0 */
export interface Host extends AsyncDisposable {
  readonly system: System;
  /** The services that run here, mounted applications among them. */
  readonly services: readonly string[];
  /** The mounted applications that run here; a gateway of Node brings them requests. */
  readonly mounts: readonly LiveMount[];
  readonly recorder: Recorder;
  readonly isDraining: boolean;
  /** Calls in flight from outside. */
  readonly inFlight: number;
  /** Of those the uploads and downloads, which cannot go on elsewhere. */
  readonly transfers: number;
  /**
   * For a gateway, before it does anything for a request: false where the hosts of this method refuse many calls for want of
   * room, and this one is not even sent. Asked once for each call with `fromOutside`.
   */
  mayEnter(service: string, method: string): boolean;
  /** A call from outside: a promise, or an async iterable for a stream. Failures reject with a `SkeinError`. */
  call(service: string, method: string, input: unknown, options?: RootOptions): unknown;
  /**
   * The same for a unary method, told to two functions instead of a promise: one of them is called, once, maybe at once.
   * Neither may throw. For whoever answers at once and waits for nothing.
   */
  deliver(service: string, method: string, input: unknown, options: RootOptions, told: Told): void;
  /** A client for trusted code in this process: internal methods answer too. */
  client<C extends AnyContract>(contract: C, options?: ClientOptions): Client<C>;
  /**
   * Takes tokens from the shared rate limit of a method, for a gateway. Rejects where its database cannot be asked, and with
   * `SKEIN_CALL_NO_ROUTE` where the method has no such limit.
   */
  takeTokens(service: string, method: string, client: string, take: number): Promise<TokenGrant>;
  /** Rejects while a service cannot serve: a `ready` hook or a database says no. */
  ready(): Promise<void>;
  /**
   * Ends streams from outside the services between two items, with `SKEIN_MOVED` and the id of the last one: those of queries and channels
   * with ids, also those that begin from now on; `"all"`: what cannot go on elsewhere, too. Other calls go on.
   */
  moveStreams(which?: "all"): void;
  /** Refuses new calls from outside (`SKEIN_HOST_DRAINING`) and resolves when those in flight are over. */
  drain(): Promise<void>;
  /** Closes what was opened, all of it; rejects with the first failure. Safe to call twice. */
  close(): Promise<void>;
}

const noOptions: RootOptions = Object.freeze({});

/** How long a gateway waits for tokens before it counts by itself. */
const rateMs = 2_500;

/** What `createHost` does; it has the documentation. */
export async function openHost(system: System, options: HostOptions = {}): Promise<Host> {
  const clock = options.clock ?? systemClock;
  const recorder = options.recorder ?? createRecorder();
  const log = options.log === undefined ? silentLog : quietly(options.log);
  const runtime = new CallRuntime({
    clock,
    random: options.random ?? systemRandom,
    recorder,
    log,
    mode: options.mode ?? "production",
    far: options.far ?? false,
    ...(options.remote !== undefined && { remote: options.remote }),
    isolated: options.isolated ?? false,
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  });
  const shared = new SharedThings();
  let { secret } = options;
  const live: LiveService[] = [];
  const mounts: LiveMount[] = [];
  const host = new RunningHost(system, runtime, live, mounts, options.leader);
  try {
    const chosen = select(system, options.services);
    const starting = chosen.services.map((entry) => {
      const context = toContext(system, entry.declaration.name, options, {
        clock,
        log,
        shared,
        secret: () => (secret ??= randomSecret()),
      });
      return bringUp(entry, runtime, context, options.leader);
    });
    // All are awaited even when one fails: what the others opened must be closed too.
    const started = await Promise.allSettled(starting);
    live.push(...started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
    const failed = started.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    await openMounts(chosen.mounts, clock, mounts);
    await host.ready();
  } catch (error) {
    await host.close().catch(() => undefined);
    throw error;
  }
  const begin = (): void => {
    const hooks = host.runStartHooks(log);
    options.keep?.(hooks);
  };
  if (options.leader === undefined) begin();
  else options.leader.run(begin, () => host.endBackground());
  return host;
}

class RunningHost implements Host {
  readonly system: System;
  readonly #runtime: CallRuntime;
  readonly #live: readonly LiveService[];
  readonly mounts: readonly LiveMount[];
  readonly #leader: Leadership | undefined;
  readonly #admission: Admission | undefined;
  readonly #streams: Streams;
  readonly #background = new AbortController();
  #inFlight = 0;
  #isDraining = false;
  readonly #idle = Promise.withResolvers<void>();
  #closing: Promise<void> | undefined;

  constructor(
    system: System,
    runtime: CallRuntime,
    live: readonly LiveService[],
    mounts: readonly LiveMount[],
    leader: Leadership | undefined,
  ) {
    this.#leader = leader;
    // Where a request may not wait for another, the platform limits them.
    this.#admission = runtime.isolated
      ? undefined
      : new Admission({ clock: runtime.clock, soon: soonOf(runtime.clock) });
    this.system = system;
    this.#streams = new Streams(system, (isOver) => (isOver ? this.#leave() : void this.#inFlight++));
    this.#runtime = runtime;
    this.#live = live;
    this.mounts = mounts;
  }

  get services(): readonly string[] {
    return [...this.#live.map((service) => service.name), ...this.mounts.map(({ mount }) => mount.name)];
  }
  get recorder(): Recorder {
    return this.#runtime.recorder;
  }
  get isDraining(): boolean {
    return this.#isDraining;
  }
  get inFlight(): number {
    return this.#inFlight;
  }
  get transfers(): number {
    return this.#streams.transfers;
  }

  mayEnter(service: string, method: string): boolean {
    return this.#runtime.mayEnter(service, method);
  }

  call(service: string, method: string, input: unknown, options?: RootOptions): unknown {
    const kind = this.#streams.kindOf(service, method);
    if (kind === undefined)
      // One promise for what is told, and none on the way.
      return new Promise((resolve, reject) =>
        this.deliver(service, method, input, options ?? noOptions, { resolve, reject }),
      );
    const refused = this.#refusal(service, method);
    if (refused !== undefined) return Promise.reject(refused);
    if (this.#admissible(service, method, options) !== undefined && this.#admission?.isOverrun === true)
      return Promise.reject(skeinError("SKEIN_HOST_OVERLOADED"));
    return this.#streams.open(kind, options ?? noOptions, (given) => this.#runtime.root(service, method, input, given));
  }

  deliver(service: string, method: string, input: unknown, options: RootOptions, told: Told): void {
    const refused = this.#refusal(service, method);
    if (refused !== undefined) return told.reject(refused);
    this.#inFlight++;
    const counted = new Counted(told, options.body === undefined ? this.#leave : this.#upload());
    const endpoint = this.#admissible(service, method, options);
    if (endpoint === undefined || this.#admission === undefined)
      return this.#runtime.deliver(service, method, input, options, counted);
    if (!endpoint.mayLast)
      return this.#admission.enter(new Admitted(this.#runtime, this.#admission, endpoint, input, options, counted));
    if (this.#admission.isOverrun) return counted.reject(skeinError("SKEIN_HOST_OVERLOADED"));
    this.#runtime.deliver(service, method, input, options, counted);
  }

  /** What a call asks of this host, where its coming is limited. */
  #admissible(service: string, method: string, options: RootOptions | undefined): Endpoint | undefined {
    if (this.#admission === undefined || options === undefined || !isFromElsewhere(options)) return undefined;
    return this.#runtime.local(service, method);
  }

  #refusal(service: string, method: string): SkeinError | undefined {
    if (this.#isDraining) return skeinError("SKEIN_HOST_DRAINING");
    if (this.#leader?.isLeading === false) return skeinError("SKEIN_LEADER_NONE");
    // Endpoints like any other inside, and nobody's to call.
    return isHook(method) ? skeinError("SKEIN_CALL_NO_ROUTE", `${service} has no such method`) : undefined;
  }

  client<C extends AnyContract>(contract: C, { principal }: ClientOptions = {}): Client<C> {
    // Owned once, and then the same one call after call.
    const fixed: RootOptions = { principal: ownPrincipal(principal) };
    const client = createClient(contract, (method, input, given) => {
      if (given === undefined) return this.call(contract.name, method, input, fixed);
      const { timeout, ...rest } = given;
      return this.call(contract.name, method, input, {
        ...rest,
        ...fixed,
        ...(timeout !== undefined && { timeoutMs: toMs(timeout) }),
      });
    });
    // The names are the contract's own methods; their types follow from C.
    return client as Client<C>;
  }

  takeTokens(service: string, method: string, client: string, take: number): Promise<TokenGrant> {
    const asked: RateCall = { method, client, take };
    // Both ends are ours.
    return this.#runtime.root(service, rateHook, asked, { timeoutMs: rateMs }) as Promise<TokenGrant>;
  }

  async ready(): Promise<void> {
    for (const service of this.#live) {
      for (const thing of service.opened.values()) await thing.ready?.();
      if (service.hooks.ready !== undefined) await this.#askHook(service.name);
    }
  }

  /** Whoever reads why a host does not start needs to know whose hook it was. */
  async #askHook(service: string): Promise<void> {
    try {
      await this.#runtime.root(service, readyHook, undefined);
    } catch (error) {
      if (!isSkeinError(error) || !isSkeinCode(error.code)) throw error;
      throw skeinError(error.code, `the ready hook of ${service}: ${error.message}`, { cause: error });
    }
  }

  /** Not awaited: a service may be needed by another one's start. */
  async runStartHooks(log: Log): Promise<void> {
    const running = this.#live.flatMap(({ name, hooks }) => {
      if (hooks.start === undefined) return [];
      const options = { signal: this.#background.signal, timeoutMs: Number.POSITIVE_INFINITY };
      const started = this.#runtime.root(name, startHook, undefined, options) as Promise<unknown>;
      return started.catch((error: unknown) => {
        if (!this.#background.signal.aborted) log.error(`the start hook of ${name} failed`, { service: name, error });
      });
    });
    await Promise.all(running);
  }

  /** Tells the start hooks to end. */
  endBackground(): void {
    this.#background.abort();
  }

  moveStreams(which?: "all"): void {
    this.#streams.move(which === "all");
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.endBackground();
    if (this.#inFlight > 0) await this.#idle.promise;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#isDraining = true;
    this.endBackground();
    // First, so that no call waits for what is about to be gone.
    this.#runtime.close();
    // Before the databases, which it tells that the next one may lead.
    await this.#leader?.close();
    // As if each service were one more thing that was opened: all of them close, in reverse.
    await closeAll(
      new Map([
        ...this.#live.map(({ name, opened }) => [name, { close: () => closeAll(opened) }] as const),
        ...this.mounts.map((one) => [one.mount.name, one] as const),
      ]),
    );
  }

  /** An upload begins; what is returned is to be called at its end. */
  #upload(): () => void {
    this.#streams.uploads(1);
    return () => {
      this.#streams.uploads(-1);
      this.#leave();
    };
  }

  readonly #leave = (): void => {
    if (--this.#inFlight === 0 && this.#isDraining) this.#idle.resolve();
  };
}

/** A simulated host's turns are those of its clock. */
function soonOf(clock: Clock): (run: () => void) => void {
  return clock === systemClock ? afterTurn : (run) => void clock.after(0, run);
}
