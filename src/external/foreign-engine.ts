/**
 * Owns a foreign service while it is open: its address, its connection, and what of a call is told to it. It must never give
 * it what signs principals.
 */
import { createInternalTokens } from "../call/index.ts";
import type { AnyContract } from "../contract/index.ts";
import { assert } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import { type CallBinding, methodsOf, type OpenContext, type Opened } from "../system/index.ts";
import {
  type CallHead,
  type Connection,
  connectHttp,
  type Operation,
  operationOf,
  type Outgoing,
} from "../transport/index.ts";
import { type ForeignSettings, foreignToken } from "./foreign.ts";

/** What a handler of a foreign service finds under `peer`. */
export interface ForeignCaller {
  /** A promise of the reply, or the items. */
  call(method: string, input: unknown): unknown;
}

/** Nothing is connected before the first call. Rejects with `SKEIN_CONFIG_INVALID`. */
export async function openForeign(
  contract: AnyContract,
  settings: ForeignSettings,
  context: OpenContext,
): Promise<Opened> {
  const secret = context.secret?.();
  assert(secret !== undefined, "a host has a secret");
  const { clock, random, system } = context;
  const address = addressOf(contract.name, settings, context);
  const token = foreignToken(contract.name, settings, context.env);
  const tokens = createInternalTokens(system, secret);
  const made = methodsOf(contract).map(
    // What it answers is validated here, after it came.
    async ([name, method]) => [name, await operationOf(contract.name, name, method, "input")] as const,
  );
  const operations = new Map(await Promise.all(made));
  const connection = connectHttp(address, { clock, random, system, token, tokens });
  return {
    bind: (binding): ForeignCaller => ({
      call: (method, input) => send(connection, operations.get(method), binding, input),
    }),
    close: () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

function send(connection: Connection, operation: Operation | undefined, binding: CallBinding, input: unknown): unknown {
  assert(operation !== undefined, "every method has its operation");
  const call: Outgoing = { operation, head: headOf(binding), input, signal: binding.call.signal };
  if (operation.isStream) return connection.stream(call);
  return new Promise((resolve, reject) => connection.unary(call, { resolve, reject }));
}

/** Its path ends in the method itself, so that it can hand everything back as it came. */
function headOf(binding: CallBinding): CallHead {
  const { call, span } = binding;
  const leftMs = binding.remainingMs();
  return {
    timeoutMs: leftMs === Number.POSITIVE_INFINITY ? undefined : leftMs,
    key: call.key,
    traceId: call.traceId,
    parentSpan: span,
    caller: call.caller,
    path: binding.path(),
    principal: call.principal,
    resumeFrom: call.resumeFrom,
  };
}

function addressOf(name: string, { url, variable }: ForeignSettings, { env }: OpenContext) {
  const text = env[variable] ?? url;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = parsed?.protocol === "http:" && parsed.href === `${parsed.origin}/`;
  if (parsed === undefined || !isPlain)
    throw skeinError("SKEIN_CONFIG_INVALID", `${variable}, the URL of ${name}, is not http://127.0.0.1:<port>`);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: parsed.port === "" ? 80 : Number(parsed.port) };
}
