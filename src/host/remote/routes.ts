/**
 * Owns the way from a service's name to the hosts that run it, as the call path asks for it. It must never decide where a
 * service runs: it is told.
 */
import type { Cancellation, RemoteCall, RemoteEndpoint, RemoteRoutes, Told } from "../../call/index.ts";
import { isBytes, isStream, type Method } from "../../contract/index.ts";
import { copyValue, toMs, ValueSetError } from "../../core/index.ts";
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import { methodsOf, type System } from "../../system/index.ts";
import type { Connection, Operation, Outgoing } from "../../transport/index.ts";
import type { Operations } from "./operations.ts";
import { Replicas, type ReplicasOptions } from "./replicas.ts";

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
      }
    >
  >;
}

export class RouteTable implements RemoteRoutes {
  readonly #options: ReplicasOptions;
  readonly #operations: Operations;
  readonly #groups = new Map<string, Replicas>();
  #byService = new Map<string, Replicas>();
  readonly #endpoints = new Map<string, RemoteEndpoint>();
  #epoch = -1;

  constructor(system: System, operations: Operations, options: ReplicasOptions) {
    this.#options = options;
    this.#operations = operations;
    for (const { declaration } of system.services) {
      for (const [name, method] of methodsOf(declaration.contract)) {
        const timeout = declaration.policy[name]?.timeout;
        const endpoint = this.#endpointOf(
          declaration.name,
          name,
          method,
          timeout === undefined ? undefined : toMs(timeout),
        );
        this.#endpoints.set(endpoint.id, endpoint);
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
    for (const [name, { services, addresses, hasLeader }] of Object.entries(groups)) {
      let replicas = this.#groups.get(name);
      if (replicas === undefined) this.#groups.set(name, (replicas = new Replicas(this.#options)));
      replicas.update(addresses, hasLeader);
      for (const service of services) byService.set(service, replicas);
    }
    this.#byService = byService;
    for (const [name, replicas] of this.#groups) {
      if (Object.hasOwn(groups, name)) continue;
      replicas.update([]);
      this.#groups.delete(name);
    }
  }

  find(service: string, method: string): RemoteEndpoint | undefined {
    return this.#byService.has(service) ? this.#endpoints.get(`${service}.${method}`) : undefined;
  }

  close(): void {
    for (const replicas of this.#groups.values()) replicas.close();
    this.#groups.clear();
  }

  #endpointOf(service: string, name: string, method: Method, timeoutMs: number | undefined): RemoteEndpoint {
    const { output, kind, body } = method;
    const answersItems = isStream(output) || isBytes(output);
    const isUpload = !answersItems && body?.isRaw === false;
    const id = `${service}.${name}`;
    return {
      id,
      service,
      name,
      kind,
      isStream: answersItems,
      isUpload,
      isDownload: isBytes(output),
      mayLast: answersItems || body?.isRaw === false,
      timeoutMs,
      send: (call, told) => this.#unary(service, name, call, told),
      stream: (call) => this.#stream(service, name, call),
    };
  }

  #unary(service: string, method: string, call: RemoteCall, told: Told): void {
    const operation = this.#operations.get(service, method);
    const connection = operation === undefined ? undefined : this.#byService.get(service)?.pick();
    // The usual way writes the input before its caller goes on, which is what isolates the two.
    if (operation !== undefined && connection !== undefined)
      return connection.unary(outgoing(operation, call, call.input), told);
    this.#ready(service, method, call).then(
      ([reached, ready]) => reached.unary(ready, told),
      (error: unknown) => told.reject(toSkeinError(error)),
    );
  }

  async *#stream(service: string, method: string, call: RemoteCall): AsyncGenerator<unknown, void, undefined> {
    const [connection, ready] = await unlessAborted(this.#ready(service, method, call), call.signal);
    yield* connection.stream(ready);
  }

  async #ready(service: string, method: string, call: RemoteCall): Promise<readonly [Connection, Outgoing]> {
    const input = copyInput(`${service}.${method}`, call.input);
    const replicas = this.#byService.get(service);
    if (replicas === undefined)
      throw skeinError("SKEIN_CALL_NO_ROUTE", `no host that runs ${service}.${method} is known`);
    const [operation, connection] = await Promise.all([
      this.#operations.make(service, method),
      replicas.pick() ?? replicas.reach(call.timeoutMs),
    ]);
    return [connection, outgoing(operation, call, input)];
  }
}

function outgoing(operation: Operation, call: RemoteCall, input: unknown): Outgoing {
  return { operation, head: call, input, signal: call.signal, incoming: call.incoming };
}

/** The way to a host may take longer than its call may. What ended the call is known to its journey. */
async function unlessAborted<T>(work: Promise<T>, signal: Cancellation): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(skeinError("SKEIN_CALL_CANCELED"));
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
