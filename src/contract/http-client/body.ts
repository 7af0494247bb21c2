/**
 * Owns the bytes that a caller sends: checked against the method's limit, handed to `fetch` as fast as it asks. It must never
 * hold a stream, and never send one twice.
 */
import { skeinError } from "../../errors/index.ts";
import type { BodySource, ReadableBytes } from "../bytes.ts";
import type { BodyCallOptions } from "../client.ts";
import { setup } from "./client-options.ts";
import type { HttpMethod } from "./table.ts";

/** A body as `fetch` takes it. */
export interface SentBody {
  readonly content: NonNullable<RequestInit["body"]>;
  /** A stream cannot be sent again. */
  readonly isStream: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** What the caller's own stream failed with, if it did. */
  readonly failure: () => unknown;
}

/** Throws `SKEIN_HTTP_BODY_TOO_LARGE` for what is known to be too much, `SKEIN_CLIENT_SETUP` for what is no body. */
export function toSentBody(spec: NonNullable<HttpMethod["body"]>, options: Partial<BodyCallOptions>): SentBody {
  const { body, type = "application/octet-stream", length } = options;
  if (body === undefined) throw setup("the method takes bytes: give them as the option `body`");
  const bytes = body instanceof Uint8Array ? body.byteLength : length;
  if (bytes !== undefined && bytes > spec.max)
    throw skeinError("SKEIN_HTTP_BODY_TOO_LARGE", `the body has ${bytes} bytes, and the method takes ${spec.max}`);
  const headers = { "content-type": type, ...(length !== undefined && { "content-length": String(length) }) };
  // A view of shared memory is no body for `fetch`; nothing else is copied.
  if (body instanceof Uint8Array)
    return { content: body as Uint8Array<ArrayBuffer>, isStream: false, headers, failure: () => undefined };
  let failed: unknown;
  const content = toStream(body, (error) => (failed = error));
  return { content, isStream: true, headers, failure: () => failed };
}

function toStream(source: Exclude<BodySource, Uint8Array>, onFailure: (error: unknown) => void): ReadableStream {
  if (source instanceof ReadableStream) return source as ReadableStream;
  const reader = readerOf(source);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await reader.read();
          if (next.done) controller.close();
          else if (next.value !== undefined) controller.enqueue(next.value);
        } catch (error) {
          onFailure(error);
          controller.error(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // One piece at a time: the server's pace is the source's.
    { highWaterMark: 0 },
  );
}

function readerOf(source: Exclude<BodySource, Uint8Array>): ReturnType<ReadableBytes["getReader"]> {
  if ("getReader" in source) return source.getReader();
  const iterator = source[Symbol.asyncIterator]();
  return {
    read: async () => {
      const next = await iterator.next();
      return next.done === true ? { done: true } : { done: false, value: next.value };
    },
    cancel: async () => void (await iterator.return?.()),
  };
}
