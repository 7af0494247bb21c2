/**
 * Owns bringing one service to life: load its code, open what it has, make its endpoints. It must never load the code of
 * a service that its host does not run.
 */
import { action, type Method, query } from "../contract/index.ts";
import { type CallRuntime, createEndpoint, createOwnFactory, type Endpoint, ReplyCache } from "../call/index.ts";
import { isSkeinError, skeinError } from "../errors/index.ts";
import {
  type AnyHook,
  type Implementation,
  type Leadership,
  methodsOf,
  type OpenContext,
  type Opened,
  ownedKind,
  type ServiceEntry,
} from "../system/index.ts";
import { rateHandler, rateHook, rateMethod } from "./rate.ts";

/** A service that is open. */
export interface LiveService {
  readonly name: string;
  readonly hooks: Implementation["hooks"];
  readonly opened: ReadonlyMap<string, Opened>;
}

/** Names of the endpoints that run hooks; a contract cannot declare such a name. */
export const startHook = "$start";
export const readyHook = "$ready";

export function isHook(method: string): boolean {
  return method === startHook || method === readyHook || method === rateHook;
}

const startTimeoutMs = 300_000;

/** Loads, opens and registers a service. What it had opened is closed again when a later part fails. */
export async function bringUp(
  entry: ServiceEntry,
  runtime: CallRuntime,
  context: OpenContext,
  leader?: Leadership,
): Promise<LiveService> {
  const implementation = await load(entry);
  const { declaration } = implementation;
  const opened = new Map<string, Opened>();
  try {
    for (const [name, owned] of Object.entries(declaration.has)) opened.set(name, await owned.open(context));
    // No service can own a thing of this name.
    if (leader !== undefined && databaseOf(implementation, opened) === undefined)
      opened.set("$lease", await leader.joinFile(context));
  } catch (error) {
    // What does not close after this must not hide why the service did not start.
    await closeAll(opened).catch(() => undefined);
    if (isSkeinError(error)) throw error;
    throw skeinError("SKEIN_RESOURCE_FAILED", `${declaration.name} could not open what it has`, { cause: error });
  }
  runtime.add(declaration.name, endpointsOf(implementation, opened, runtime));
  return { name: declaration.name, hooks: implementation.hooks, opened };
}

/** Closes everything, whatever fails to; then rejects with the first failure. */
export async function closeAll(opened: ReadonlyMap<string, { close(): Promise<void> }>): Promise<void> {
  const failures: unknown[] = [];
  // In reverse: what was opened later may use what was opened before.
  for (const thing of [...opened.values()].toReversed()) {
    try {
      await thing.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function load(entry: ServiceEntry): Promise<Implementation> {
  try {
    return await entry.load();
  } catch (error) {
    if (isSkeinError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw skeinError("SKEIN_SYSTEM_LOAD", `the code of ${entry.declaration.name} could not be loaded: ${reason}`, {
      cause: error,
    });
  }
}

function endpointsOf(
  implementation: Implementation,
  opened: ReadonlyMap<string, Opened>,
  runtime: CallRuntime,
): Map<string, Endpoint> {
  const { declaration, hooks } = implementation;
  const ownAs = (kind: Method["kind"]) => createOwnFactory(declaration, opened, kind, runtime.invoke);
  const readOnlyOwn = ownAs("query");
  const database = databaseOf(implementation, opened);
  const endpoints = new Map<string, Endpoint>();
  for (const [name, method] of methodsOf(declaration.contract)) {
    const policy = declaration.policy[name]?.cache;
    const cache = policy === undefined ? undefined : new ReplyCache(policy, runtime.clock, runtime.isolated);
    endpoints.set(
      name,
      createEndpoint(implementation, name, method, { own: ownAs(method.kind), readOnlyOwn, cache, database }),
    );
  }
  const addHook = (name: string, method: Method, hook: AnyHook | undefined, timeoutMs?: number) => {
    if (hook === undefined) return;
    const handlers = { [name]: (_input: unknown, own: unknown, call: unknown) => hook(own, call) };
    const parts = { own: ownAs(method.kind), readOnlyOwn, cache: undefined, database };
    const endpoint = createEndpoint({ ...implementation, handlers }, name, method, parts);
    endpoints.set(name, { ...endpoint, access: "internal", timeoutMs });
  };
  addHook(startHook, action(), hooks.start, startTimeoutMs);
  addHook(readyHook, query(), hooks.ready);
  const rate = rateHandler(declaration, database);
  if (rate !== undefined) {
    const parts = { own: ownAs("action"), readOnlyOwn, cache: undefined, database };
    const endpoint = createEndpoint(
      { ...implementation, handlers: { [rateHook]: rate } },
      rateHook,
      rateMethod(),
      parts,
    );
    endpoints.set(rateHook, { ...endpoint, access: "internal" });
  }
  return endpoints;
}

function databaseOf(implementation: Implementation, opened: ReadonlyMap<string, Opened>): Opened | undefined {
  for (const [name, owned] of Object.entries(implementation.declaration.has)) {
    if (ownedKind(owned) === "database") return opened.get(name);
  }
  return undefined;
}
