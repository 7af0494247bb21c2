/**
 * Owns reading bytes from what a user gives: an array, an async iterable, a `ReadableStream`, a stream of Node. It must
 * never read ahead, and must be able to stop a source that waits.
 */
import type { BodySource, ReadableBytes } from "../contract/index.ts";

const end: IteratorResult<Uint8Array> = Object.freeze({ done: true, value: undefined });

/** The pieces of a source. `return()` tells it to stop at once, also while it waits. Throws a `TypeError` for anything else. */
export function openBytes(source: BodySource): AsyncIterator<Uint8Array> {
  if (source instanceof Uint8Array) return one(source);
  // Before the iterator that a ReadableStream may have: that one stops only when its wait is over.
  if (hasMethod(source, "getReader")) return reader(source as ReadableBytes);
  if (!hasMethod(source, Symbol.asyncIterator)) {
    throw new TypeError("bytes are a Uint8Array, an async iterable of them or a ReadableStream");
  }
  const items = (source as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return {
    next: () => items.next(),
    return: async () => {
      // A stream of Node: its iterator, too, stops only when its wait is over.
      if (hasMethod(source, "destroy")) (source as unknown as { destroy(): void }).destroy();
      await items.return?.();
      return end;
    },
  };
}

/** The same as something to iterate, opened when it is. */
export function iterateBytes(source: BodySource): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => openBytes(source) };
}

function hasMethod(source: unknown, name: string | symbol): boolean {
  if (typeof source !== "object" || source === null) return false;
  return typeof (source as Record<string | symbol, unknown>)[name] === "function";
}

function one(bytes: Uint8Array): AsyncIterator<Uint8Array> {
  let isGiven = bytes.length === 0;
  return {
    next: () => {
      if (isGiven) return Promise.resolve(end);
      isGiven = true;
      return Promise.resolve({ done: false, value: bytes });
    },
    return: () => {
      isGiven = true;
      return Promise.resolve(end);
    },
  };
}

function reader(source: ReadableBytes): AsyncIterator<Uint8Array> {
  const opened = source.getReader();
  return {
    next: async () => {
      const { done, value } = await opened.read();
      return done || value === undefined ? end : { done: false, value };
    },
    return: async () => {
      await opened.cancel();
      return end;
    },
  };
}
