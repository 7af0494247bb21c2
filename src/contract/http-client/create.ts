/** Owns making a client of a table. It must never know a contract: what it knows is data that `skein client` wrote. */
import { type AnyCallOptions, callOnce } from "./call.ts";
import { callDownload } from "./call-download.ts";
import { callStream } from "./call-stream.ts";
import { type HttpClientOptions, type Settings, toSettings } from "./client-options.ts";
import { type Target, toTarget } from "./encode.ts";
import type { HttpTable } from "./table.ts";

/**
 * A client of the methods in a table, one object per service; `skein client` writes the table and the type `C`. Queries
 * and commands are sent again after a failure that allows it (3 attempts, full jitter, at most 10 % of the calls of the
 * last 10 s and 3 a second), commands and workflows with a key of their own; actions only when they certainly did not
 * start. A call ends within 10 s unless `timeout` says otherwise.
 *
 * Calls reject with a `SkeinError`: what the gateway answered, or `SKEIN_INPUT_INVALID`, `SKEIN_VALUE_SET`,
 * `SKEIN_KEY_INVALID` before anything is sent, `SKEIN_CLIENT_NETWORK`, `SKEIN_CLIENT_ANSWER`, `SKEIN_CLIENT_TOO_LARGE`,
 * `SKEIN_CALL_DEADLINE`, `SKEIN_CALL_CANCELED`, `SKEIN_WORKFLOW_RUNNING`. Throws `SKEIN_CLIENT_SETUP`.
 * @since 0.1.0
 */
export function createHttpClient<C>(table: HttpTable, options: HttpClientOptions): C {
  const settings = toSettings(options);
  const client: Record<string, Record<string, unknown>> = {};
  for (const [service, methods] of Object.entries(table)) {
    const calls: Record<string, unknown> = {};
    for (const [name, method] of Object.entries(methods)) {
      const target = toTarget(`${service}.${name}`, method);
      calls[name] = callerOf(settings, target);
    }
    client[service] = Object.freeze(calls);
  }
  return Object.freeze(client) as C;
}

function callerOf(settings: Settings, target: Target): (input: unknown, options?: AnyCallOptions) => unknown {
  if (target.download === true) return (input, options) => callDownload(settings, target, input, options);
  if (target.stream !== undefined) return (input, options) => callStream(settings, target, input, options);
  return (input, options) => callOnce(settings, target, input, options);
}
