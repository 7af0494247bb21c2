/**
 * Owns the bytes of a call's head: what travels beside its input. It must never carry what the callee could find out
 * itself.
 */
import { decodeValue, encodeValue } from "../contract/index.ts";
import type { Reader } from "./codec/reader.ts";
import { WireError } from "./codec/wire-error.ts";
import type { Writer } from "./codec/writer.ts";
import type { Heard, Remembered } from "./memory.ts";
import type { CallHead } from "./port.ts";

const has = { timeout: 1, key: 2, resume: 4, incoming: 8, caller: 16, outside: 32, extra: 64 } as const;
const known = 127;

const noPath: readonly string[] = Object.freeze([]);

/** Slots are looked up before the frame begins, since telling one is a frame of its own. */
export interface HeadSlots {
  readonly method: number;
  readonly principal: number;
  readonly path: number;
}

export function slotsOf(to: Remembered, method: number, head: CallHead): HeadSlots {
  const principal = to.slotOf(0, head.principal);
  const path = to.slotOf(1, head.path.length === 0 ? undefined : head.path);
  // The path may have been given the oldest number, and that may have been the principal's.
  return { method, principal: principal === path ? to.slotOf(0, head.principal) : principal, path };
}

/** `timeoutMs` is what the callee is given of the head's own. */
export function writeHead(
  to: Writer,
  slots: HeadSlots,
  head: CallHead,
  timeoutMs: number | undefined,
  hasIncoming: boolean,
): void {
  const { key, resumeFrom, caller, extra } = head;
  to.varint(slots.method);
  to.u8(
    (timeoutMs === undefined ? 0 : has.timeout) |
      (key === undefined ? 0 : has.key) |
      (resumeFrom === undefined ? 0 : has.resume) |
      (hasIncoming ? has.incoming : 0) |
      (caller === undefined ? 0 : has.caller) |
      (head.fromOutside === true ? has.outside : 0) |
      (extra === undefined ? 0 : has.extra),
  );
  to.varint(slots.principal);
  to.varint(slots.path);
  to.varint(head.parentSpan);
  to.inline(head.traceId);
  if (timeoutMs !== undefined) to.f64(timeoutMs);
  if (key !== undefined) to.inline(key);
  if (resumeFrom !== undefined) to.inline(resumeFrom);
  if (caller !== undefined) to.inline(caller);
  // As text: it is rare, and has nothing behind it to gather its texts.
  if (extra !== undefined) to.inline(encodeValue(extra));
}

/** What a call brings, right behind its method's slot. */
export function readFlags(from: Reader): number {
  const flags = from.u8();
  if ((flags & ~known) !== 0) throw new WireError("unknown flags");
  return flags;
}

/** Whether items come while it runs. */
export function bringsItems(flags: number): boolean {
  return (flags & has.incoming) !== 0;
}

/** The head of a call whose flags were read. */
export function readHead(from: Reader, heard: Heard, flags: number): CallHead {
  const principal = heard.get(from.varint());
  const path = heard.get(from.varint()) ?? noPath;
  if (!Array.isArray(path) || !path.every(isText)) throw new WireError("a path that is none");
  const parentSpan = from.varint();
  const traceId = from.inline();
  const timeoutMs = (flags & has.timeout) === 0 ? undefined : from.f64();
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs < Infinity))
    throw new WireError("a timeout that is none");
  const key = (flags & has.key) === 0 ? undefined : from.inline();
  const resumeFrom = (flags & has.resume) === 0 ? undefined : from.inline();
  const caller = (flags & has.caller) === 0 ? undefined : from.inline();
  return {
    principal,
    path,
    parentSpan,
    traceId,
    timeoutMs,
    key,
    resumeFrom,
    caller,
    fromOutside: (flags & has.outside) !== 0,
    extra: (flags & has.extra) === 0 ? undefined : readExtra(from.inline()),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function readExtra(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = decodeValue(text);
  } catch {
    throw new WireError("a head that cannot be read");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WireError("a head that is none");
  return value as Readonly<Record<string, unknown>>;
}
