/** Owns answering calls of other hosts with this one's services. It must never let one reach a service that is not here. */
import type { BodyHead, ByteRange } from "../../contract/index.ts";
import type { RootOptions } from "../../call/index.ts";
import type { Answer, Arrived } from "../../transport/index.ts";
import type { Host } from "../host.ts";

/** What a host answers calls of its peers with. */
export function answerOf(host: Host): Answer {
  return {
    unary: (call, told) =>
      host.deliver(call.operation.service, call.operation.method, call.input, optionsOf(call), told),
    stream: (call) =>
      // The items, or the promise that refuses them: its operation says that it is no unary call.
      host.call(call.operation.service, call.operation.method, call.input, optionsOf(call)) as AsyncIterable<unknown>,
  };
}

function optionsOf({ head, signal, incoming, take }: Arrived): RootOptions {
  const extra = head.extra as { readonly body?: BodyHead; readonly range?: ByteRange } | undefined;
  return {
    principal: head.principal,
    key: head.key,
    timeoutMs: head.timeoutMs,
    signal,
    traceId: head.traceId,
    resumeFrom: head.resumeFrom,
    fromOutside: head.fromOutside ?? false,
    caller: head.caller,
    path: head.path,
    parentSpan: head.parentSpan,
    incoming,
    body: extra?.body,
    range: extra?.range,
    // It was made from bytes a moment ago.
    isFresh: true,
    take,
  };
}
