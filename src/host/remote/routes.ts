/**
 * Owns the way from a service's name to the hosts that run it, as the call path asks for it. It must never decide where a
 * service runs: it is told.
 */
import {
  type Cancellation,
  isForWantOfRoom,
  type RemoteCall,
  type RemoteEndpoint,
  type RemoteRoutes,
  Throttle,
  type Told,
} from "../../call/index.ts";
import { isBytes, isStream, type Kind, type Method } from "../../contract/index.ts";
import { copyValue, sleep, toMs, ValueSetError } from "../../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import { type MethodPolicy, methodsOf, type System } from "../../system/index.ts";
import { account, final, Sending, waitFor } from "./attempts.ts";
import { Race, Slow } from "./hedge.ts";
import type { Operations } from "./operations.ts";
import { type ConnectorOptions, endWhenIdle, type Replica } from "./replica.ts";
import { type Absence, Replicas } from "./replicas.ts";
import { Progress } from "./resume.ts";

/** Which replicas run which services. */
export interface Routes {
  /** Later ones have greater numbers; an older one than is known is ignored. */
  readonly epoch: number;
  /** Groups by name: what runs in them, and where each replica answers. */
  readonly groups: Readonly<
    Record<
      string,
      {
        readonly services: readonly string[];
        readonly addresses: readonly string[];
        /** One of the group's hosts leads and has the address; between two leaders there is none, and calls wait. */
        readonly hasLeader?: boolean;
        /** Addresses of hosts that end once the others have proved themselves: calls go over from them little by little. */
        readonly leaving?: readonly string[];
        /** Only where there is no address: what keeps its hosts from answering. */
        readonly absent?: Absence;
      }
    >
  >;
}

export class RouteTable implements RemoteRoutes {
  readonly #options: ConnectorOptions;
  readonly #operations: Operations;
  readonly #groups = new Map<string, Replicas>();
  #byService = new Map<string, Replicas>();
  /** By service, then by method: no name is put together for a call. */
  readonly #endpoints = new Map<string, Map<string, RemoteEndpoint>>();
  #epoch = -1;

  constructor(system: System, operations: Operations, options: ConnectorOptions) {
    this.#options = options;
    this.#operations = operations;
    for (const { declaration } of system.services) {
      const endpoints = new Map<string, RemoteEndpoint>();
      this.#endpoints.set(declaration.name, endpoints);
      for (const [name, method] of methodsOf(declaration.contract)) {
        endpoints.set(name, this.#endpointOf(declaration.name, name, method, declaration.policy[name] ?? {}));
      }
    }
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** From now on calls go where these routes say; calls under way end where they began. */
  update({ epoch, groups }: Routes): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    const byService = new Map<string, Replicas>();
    // A host may be in other groups than before, and in several: it is one host with one connection.
    const known = new Map<string, Replica>();
    for (const { all } of this.#groups.values()) for (const one of all) known.set(one.address, one);
    for (const [name, { services, addresses, ...standings }] of Object.entries(groups)) {
      let replicas = this.#groups.get(name);
      if (replicas === undefined) this.#groups.set(name, (replicas = new Replicas(this.#options)));
      replicas.update(addresses, standings, known);
      for (const one of replicas.all) known.set(one.address, one);
      for (const service of services) byService.set(service, replicas);
    }
    this.#byService = byService;
    for (const name of this.#groups.keys()) if (!Object.hasOwn(groups, name)) this.#groups.delete(name);
    const routed = new Set(Object.values(groups).flatMap(({ addresses }) => addresses));
    for (const [address, one] of known) if (!routed.has(address)) void endWhenIdle(one);
  }

  find(service: string, method: string): RemoteEndpoint | undefined {
    return this.#byService.has(service) ? this.#endpoints.get(service)?.get(method) : undefined;
  }

  /** Opens the connections to the hosts of these services, as far as they answer. It never rejects. */
  async open(services: readonly string[]): Promise<void> {
    const groups = new Set(services.flatMap((name) => this.#byService.get(name) ?? []));
    await Promise.all([...groups].map((replicas) => replicas.open()));
  }

  close(): void {
    for (const replicas of this.#groups.values()) replicas.close();
    this.#groups.clear();
  }

  #endpointOf(service: string, name: string, method: Method, { timeout, hedge }: MethodPolicy): RemoteEndpoint {
    const { output, kind, body } = method;
    const answersItems = isStream(output) || isBytes(output);
    const isUpload = !answersItems && body?.isRaw === false;
    const id = `${service}.${name}`;
    const throttle = new Throttle();
    const slow = hedge === undefined ? undefined : new Slow(hedge);
    return {
      id,
      service,
      name,
      kind,
      isStream: answersItems,
      isUpload,
      isDownload: isBytes(output),
      mayLast: answersItems || body?.isRaw === false,
      timeoutMs: timeout === undefined ? undefined : toMs(timeout),
      mayEnter: (nowMs) => throttle.let(nowMs, this.#options.random),
      send: (call, told) => this.#unary(service, name, throttle, slow, call, told),
      again: (call, error, told) => this.#again(kind, call, error, told),
      stream: (call) => this.#stream(method, service, name, throttle, call),
    };
  }

  #unary(
    service: string,
    method: string,
    throttle: Throttle,
    slow: Slow | undefined,
    call: RemoteCall,
    told: Told,
  ): void {
    const group = this.#byService.get(service);
    group?.budget.call(call.startMs);
    if (this.#isHeldBack(throttle, call)) return told.reject(heldBack(`${service}.${method}`));
    const operation = this.#operations.get(service, method);
    const replica = operation === undefined ? undefined : group?.pick();
    // The usual way writes the input before its caller goes on, which is what isolates the two.
    if (operation !== undefined && group !== undefined && replica !== undefined)
      return this.#begin(new Sending(operation, throttle, call, call.input, group, replica), slow, told);
    this.#ready(service, method, throttle, call).then(
      (sending) => this.#begin(sending, slow, told),
      (error: unknown) => told.reject(toSkeinError(error)),
    );
  }

  /** The gateway has asked for what comes from outside, before it read anything of it (`mayEnter`). */
  #isHeldBack(throttle: Throttle, { fromOutside, startMs }: RemoteCall): boolean {
    return !fromOutside && !throttle.let(startMs, this.#options.random);
  }

  #begin(sending: Sending, slow: Slow | undefined, told: Told): void {
    if (slow === undefined) sending.send(told);
    else new Race(sending, slow, this.#options.clock, told).start();
  }

  /** A call has failed: it is sent once more, to another replica, or its caller is told what is returned. */
  #again(kind: Kind, call: RemoteCall, error: SkeinError, told: Told): SkeinError | undefined {
    const sending = call.sending as Sending | undefined;
    // It found no way to any host, which was tried with all of them.
    if (sending === undefined) return final(error, kind, call.attempts, undefined);
    const waitMs = this.#waitFor(kind, sending, error);
    if (waitMs === undefined) return final(error, kind, call.attempts, sending.unsure);
    try {
      // Not sent, so there are no bytes of it: as it is now, before its caller goes on.
      if (sending.bytes === undefined) sending.input = copyInput(sending.id, sending.input);
    } catch (refused) {
      return toSkeinError(refused);
    }
    this.#options.clock.after(waitMs, () => void this.#resend(sending, told), { unref: true });
    return undefined;
  }

  /** Holds the failure against whom it is due to. Before which time it is sent once more, if at all. */
  #waitFor(kind: Kind, sending: Sending, error: SkeinError): number | undefined {
    const { clock, random } = this.#options;
    const now = clock.monotonic();
    account(sending, error, now);
    if (error.outcome === "unknown") sending.unsure = error;
    const waitMs = waitFor(kind, sending, error, now, random);
    // Also where it is a host further on that has no room: what is done for such a call until then is done for nothing.
    if (waitMs === undefined && isForWantOfRoom(error)) sending.throttle.refused();
    return waitMs;
  }

  async #resend(sending: Sending, told: Told): Promise<void> {
    if (sending.head.signal.aborted) return;
    try {
      await this.#turnElsewhere(sending);
    } catch (error) {
      return told.reject(toSkeinError(error));
    }
    if (!sending.head.signal.aborted) sending.send(told);
  }

  /** The next attempt goes to another replica, where there is one; of the group that its service is in by now. */
  async #turnElsewhere(sending: Sending): Promise<void> {
    const { head: call, operation } = sending;
    (sending.tried ??= []).push(sending.replica);
    call.attempts++;
    this.#countFromNow(call);
    const { tried } = sending;
    const { group, replica } = await this.#reach(operation.service, call, (replicas) => replicas.pickOther(tried));
    sending.group = group;
    sending.replica = replica;
    this.#countFromNow(call);
  }

  /** What it has left is counted from now: before a wait for a host, and after it. */
  #countFromNow(call: RemoteCall): void {
    call.sentMs = this.#options.clock.monotonic();
  }

  /**
   * Sent once more before its first item, as what was read cannot be taken back; and after the last one, where its host ends
   * it to make room (`SKEIN_MOVED`) and it is a query's with ids.
   */
  async *#stream(
    { kind, output }: Method,
    service: string,
    method: string,
    throttle: Throttle,
    call: RemoteCall,
  ): AsyncGenerator<unknown, void, undefined> {
    const { signal } = call;
    if (this.#isHeldBack(throttle, call)) throw heldBack(`${service}.${method}`);
    const sending = await unlessAborted(this.#ready(service, method, throttle, call), signal);
    const progress = new Progress(isStream(output) ? output.id : undefined, sending);
    for (;;) {
      let items: AsyncGenerator<unknown, void, undefined> | undefined;
      try {
        items = sending.stream();
        for (let next = await items.next(); next.done !== true; next = await items.next()) {
          progress.came(next.value);
          yield next.value;
        }
        return;
      } catch (thrown) {
        const error = toSkeinError(thrown);
        const waitMs = signal.aborted ? undefined : this.#waitForStream(kind, sending, progress, error);
        if (waitMs === undefined) throw progress.hasItems ? error : progress.failure(error, kind);
        await unlessAborted(sleep(this.#options.clock, waitMs), signal);
        await unlessAborted(this.#turnElsewhere(sending), signal).catch((lost: unknown) => {
          throw signal.aborted ? lost : progress.failure(toSkeinError(lost), kind);
        });
      } finally {
        await items?.return();
      }
    }
  }

  #waitForStream(kind: Kind, sending: Sending, progress: Progress, error: SkeinError): number | undefined {
    const { clock, random } = this.#options;
    const { timeoutMs = Infinity, sentMs } = sending.head;
    const waitMs = progress.moved(kind, error, timeoutMs - (clock.monotonic() - sentMs), random);
    if (waitMs !== undefined || progress.hasItems) return waitMs;
    return this.#waitFor(kind, sending, error);
  }

  async #ready(service: string, method: string, throttle: Throttle, call: RemoteCall): Promise<Sending> {
    const input = copyInput(`${service}.${method}`, call.input);
    const [operation, { group, replica }] = await Promise.all([
      this.#operations.make(service, method),
      this.#reach(service, call, (replicas) => replicas.pick()),
    ]);
    this.#countFromNow(call);
    return new Sending(operation, throttle, call, input, group, replica);
  }

  /** A host of the group that a service is in, or of the one that a move puts it into while the call waits. */
  async #reach(service: string, call: RemoteCall, pick: (group: Replicas) => Replica | undefined) {
    for (;;) {
      const group = this.#byService.get(service);
      if (group === undefined) throw skeinError("SKEIN_CALL_NO_ROUTE", `no host that runs ${service} is known`);
      const isThere = (): boolean => this.#byService.get(service) === group;
      try {
        return { group, replica: pick(group) ?? (await group.reach(call.timeoutMs, isThere)) };
      } catch (error) {
        if (isThere()) throw error;
        this.#countFromNow(call);
      }
    }
  }
}

function heldBack(id: string): SkeinError {
  return skeinError("SKEIN_HOST_OVERLOADED", `the hosts of ${id} refuse most calls, so this one was not sent`, {
    attempts: 1,
  });
}

/** The way to a host may take longer than its call may. What ended the call is known to its journey. */
async function unlessAborted<T>(work: Promise<T>, signal: Cancellation): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = { handleEvent: (): void => reject(skeinError("SKEIN_CALL_CANCELED")) };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    // Before anybody else listens: a call has one listener.
    signal.removeEventListener("abort", onAbort);
  }
}

function toSkeinError(error: unknown): SkeinError {
  return isSkeinError(error) ? error : skeinError("SKEIN_CALL_FAILED", undefined, { cause: error });
}

function copyInput(id: string, input: unknown): unknown {
  try {
    return copyValue(input);
  } catch (error) {
    if (!(error instanceof ValueSetError)) throw error;
    throw skeinError("SKEIN_VALUE_SET", `the input of ${id}: ${error.path} is ${error.found}`, { cause: error });
  }
}
