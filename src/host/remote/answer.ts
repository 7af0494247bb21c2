/** Owns answering calls of other hosts with this one's services. It must never let one reach a service that is not here. */
import type { BodyHead, ByteRange } from "../../contract/index.ts";
import type { Answer } from "../../transport/index.ts";
import type { Host } from "../host.ts";

/** What a host answers calls of its peers with. */
export function answerOf(host: Host): Answer {
  return ({ operation, head, input, signal, incoming }) => {
    const extra = (head.extra ?? {}) as { readonly body?: BodyHead; readonly range?: ByteRange };
    return host.call(operation.service, operation.method, input, {
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
      body: extra.body,
      range: extra.range,
    });
  };
}
