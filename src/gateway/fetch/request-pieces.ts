/**
 * Owns reading a `Request`'s body piece by piece, when pieces are asked for. It must never read ahead, and must be able to
 * stop while one is waited for.
 */
import { skeinError } from "../../errors/index.ts";

const end: IteratorResult<Uint8Array> = Object.freeze({ done: true, value: undefined });

/** `onEnd` is called when the body was read to its end. */
export function requestPieces(body: ReadableStream<Uint8Array>, onEnd: () => void): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      return {
        async next() {
          const { done, value } = await reader.read().catch((cause: unknown) => {
            throw skeinError("SKEIN_CALL_CANCELED", "the client left before the end of its body", { cause });
          });
          if (done) onEnd();
          return done ? end : { done: false, value };
        },
        async return() {
          await reader.cancel();
          return end;
        },
      };
    },
  };
}
