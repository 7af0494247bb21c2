/**
 * Owns a call that answers bytes: its head, then pieces at the reader's pace. It must never hold more than the piece that is
 * read, and never begin a download again that has begun.
 */
import type { ByteRange, Download, DownloadHead } from "../bytes.ts";
import type { CallOptions } from "../client.ts";
import { type AnyCallOptions, attempts, toOutgoing } from "./call.ts";
import { durationOf, type Settings } from "./client-options.ts";
import type { Target } from "./encode.ts";
import { Lifetime } from "./lifetime.ts";
import { toFailed } from "./request.ts";

export interface DownloadCallOptions extends CallOptions {
  /** Only a part; what came is in the head, since a server may give the whole. */
  readonly range?: ByteRange;
}

interface Opened {
  readonly head: DownloadHead;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** The download. The request is sent when its head or its first piece is asked for. */
export function callDownload(
  settings: Settings,
  target: Target,
  input: unknown,
  options: DownloadCallOptions & AnyCallOptions = {},
): Download {
  const { clock } = settings;
  // As a stream, it has no total limit unless its caller sets one.
  const totalMs = options.timeout === undefined ? Infinity : durationOf("timeout", options.timeout);
  const startedAt = clock.monotonic();
  const rest = (ms: number): number => Math.min(ms, Math.max(0, startedAt + totalMs - clock.monotonic()));
  const outgoing = toOutgoing(settings, target, input, "*/*", options);
  const out = { ...outgoing, headers: { ...outgoing.headers, ...rangeHeaders(options.range) } };
  let life: Lifetime | undefined;
  let opening: Promise<Opened> | undefined;
  const open = (): Promise<Opened> => (opening ??= start());
  async function start(): Promise<Opened> {
    const own = (life = new Lifetime(clock, rest(settings.timeoutMs), options.signal));
    try {
      return await attempts(settings, target, out, own, async (response) => {
        own.pause();
        return { head: headOf(response), body: response.body };
      });
    } catch (error) {
      own.end();
      throw error;
    }
  }
  return {
    get head() {
      return open().then(({ head }) => head);
    },
    async *[Symbol.asyncIterator]() {
      const reader = (await open()).body?.getReader();
      const own = life as Lifetime;
      try {
        while (reader !== undefined) {
          own.restart(rest(settings.streamIdleMs));
          const next = await own.run(reader.read());
          own.pause();
          if (next.done) return;
          yield next.value;
        }
      } catch (thrown) {
        throw toFailed(thrown, target).error;
      } finally {
        reader?.cancel().catch(() => undefined);
        own.end({ abort: true });
      }
    },
  };
}

function rangeHeaders(range: ByteRange | undefined): Record<string, string> {
  if (range === undefined) return {};
  const { start, end, suffix, ifRange } = range;
  // In HTTP the last byte of a range belongs to it.
  const text = suffix === undefined ? `${start}-${end === undefined ? "" : end - 1}` : `-${suffix}`;
  return { range: `bytes=${text}`, ...(ifRange !== undefined && { "if-range": ifRange }) };
}

function headOf({ headers, status }: Response): DownloadHead {
  const part = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const length = headers.get("content-encoding") === null ? headers.get("content-length") : null;
  const size = status === 206 ? part?.[3] : length;
  const etag = headers.get("etag");
  const modified = Date.parse(headers.get("last-modified") ?? "");
  const name = nameIn(headers.get("content-disposition") ?? "");
  return {
    type: headers.get("content-type") ?? "application/octet-stream",
    ...(typeof size === "string" && /^\d{1,15}$/.test(size) && { size: Number(size) }),
    ...(etag !== null && { etag }),
    ...(!Number.isNaN(modified) && { modified: new Date(modified) }),
    ...(name !== undefined && { name }),
    ...(status === 206 && part !== null && { range: { start: Number(part[1]), end: Number(part[2]) + 1 } }),
  };
}

/** The name of RFC 6266, as it is (RFC 8187) before as old readers take it. It names a file, never a path. */
function nameIn(disposition: string): string | undefined {
  const encoded = /;\s*filename\*=UTF-8''([^;\s]+)/i.exec(disposition)?.[1];
  const plain = /;\s*filename="((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1]?.replace(/\\(.)/g, "$1");
  let name = plain;
  try {
    if (encoded !== undefined) name = decodeURIComponent(encoded);
  } catch {
    // Broken encoding: the plain one stays.
  }
  return name?.replace(/^.*[/\\]/, "");
}
