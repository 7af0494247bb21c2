/** Owns a test's own calls with far semantics. It must never hand an object of the test to a service, or back. */
import { createClient, type InvokeOptions, sendFar, streamFar } from "../../call/index.ts";
import { type AnyContract, type Client, encodeValue, isBytes, isStream, type Method } from "../../contract/index.ts";
import { copyValue, toMs } from "../../core/index.ts";
import type { Host } from "../../host/index.ts";

/** A client whose every call is turned to text and back. */
export function farClient<C extends AnyContract>(host: Host, contract: C, principal: unknown): Client<C> {
  const client = createClient(contract, (name, input, options: InvokeOptions = {}) => {
    const { signal, timeout, key, resumeFrom, incoming, body, range } = options;
    const timeoutMs = timeout === undefined ? undefined : toMs(timeout);
    const there = (value: unknown, arrived: object) => host.call(contract.name, name, value, arrived);
    const context = encodeValue(copyValue({ principal, key, resumeFrom, timeoutMs, body, range }));
    const target = `${contract.name}.${name}`;
    const { output } = (contract.full as Record<string, Method>)[name] as Method;
    const send = isStream(output) || isBytes(output) ? streamFar : sendFar;
    return send(there, target, input, { context, signal, incoming });
  });
  // Made of the contract's own methods; the types follow from C.
  return client as Client<C>;
}
