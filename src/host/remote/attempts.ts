/**
 * Owns what becomes of a call that failed on its way to another host or there: whom that is held against, and whether it is
 * sent once more. It must never send what may have run and is neither a query nor carries a key, nor what somebody nearer
 * to the failure has given up.
 */
import { type Cancellation, isForWantOfRoom, type RemoteCall, type Throttle, type Told } from "../../call/index.ts";
import type { Kind } from "../../contract/index.ts";
import type { Random } from "../../core/index.ts";
import { attemptsMax, backoffMs } from "../../core/retry.ts";
import { isDeclaredError, SkeinError, skeinError } from "../../errors/index.ts";
import type { Operation, Outgoing, SentInput } from "../../transport/index.ts";
import type { Replica } from "./replica.ts";
import type { Replicas } from "./replicas.ts";

/** A call as it is sent, and what is remembered of it while it is under way. */
export class Sending implements Outgoing, SentInput {
  readonly operation: Operation;
  /** Of its method. */
  readonly throttle: Throttle;
  readonly head: RemoteCall;
  /** As it was when the call was made, until it was sent; from then on `bytes` are what counts. */
  input: unknown;
  bytes: Buffer | undefined = undefined;
  /** The group it was sent to: its service may be in another one for the next attempt. */
  group: Replicas;
  replica: Replica;
  /** Where it was sent before; made at the first failure. */
  tried: Replica[] | undefined = undefined;
  /** Of an attempt that may have run. */
  unsure: SkeinError | undefined = undefined;
  /** Whether an attempt ended with the connection: the host died or hung, and maybe of this call. */
  wasLost = false;

  constructor(
    operation: Operation,
    throttle: Throttle,
    head: RemoteCall,
    input: unknown,
    group: Replicas,
    replica: Replica,
  ) {
    this.operation = operation;
    this.throttle = throttle;
    this.head = head;
    this.input = input;
    this.group = group;
    this.replica = replica;
  }

  get signal(): Cancellation {
    return this.head.signal;
  }
  get incoming(): AsyncIterable<unknown> | undefined {
    return this.head.incoming;
  }
  /** A body can be sent once, so that its call cannot be repeated. */
  get sent(): this | undefined {
    return this.head.incoming === undefined ? this : undefined;
  }

  get id(): string {
    return `${this.operation.service}.${this.operation.method}`;
  }

  /** Nothing is sent before the first `next()`. */
  stream(): AsyncGenerator<unknown, void, undefined> {
    const { connection } = this.replica;
    if (connection === undefined) throw skeinError("SKEIN_TRANSPORT_UNREACHABLE");
    return connection.stream(this);
  }

  send(told: Told): void {
    const { connection } = this.replica;
    if (connection === undefined) return told.reject(skeinError("SKEIN_TRANSPORT_UNREACHABLE"));
    this.head.sending = this;
    connection.unary(this, told);
  }
}

/** Says nothing about the replica that gave it: another one is asked, and this one has done nothing wrong. */
const blameless: ReadonlySet<string> = new Set([
  "SKEIN_HOST_DRAINING",
  "SKEIN_CALL_NO_ROUTE",
  "SKEIN_TRANSPORT_UNREACHABLE",
  "SKEIN_ACCESS_UNAVAILABLE",
  "SKEIN_LEADER_NONE",
  "SKEIN_MOVED",
]);

/** Holds a failure against the replica it is due to. */
export function account({ group, replica }: Sending, error: SkeinError, nowMs: number): void {
  // Of a call further on: whoever was nearest has held it against whom it is due.
  if (error.attempts !== undefined) return;
  if (error.code === "SKEIN_TRANSPORT_LOST") return group.lost(replica);
  if (isForWantOfRoom(error)) {
    replica.fullMs = nowMs;
    return;
  }
  if (isFault(error)) group.blame(replica);
  else if (isDeclaredError(error) || error.who === "caller") replica.answered++;
}

function isFault(error: SkeinError): boolean {
  if (isDeclaredError(error) || error.who === "caller" || blameless.has(error.code)) return false;
  // What an external service does to one replica it does to all.
  if (error.code.startsWith("SKEIN_EXTERNAL_")) return false;
  return error.canonical === "internal" || error.canonical === "unavailable";
}

/** How long to wait before it is sent once more; `undefined` where it is not. Takes that from the budget. */
export function waitFor(
  kind: Kind,
  sending: Sending,
  error: SkeinError,
  nowMs: number,
  random: Random,
): number | undefined {
  const { head, group, sent } = sending;
  if (isForWantOfRoom(error) && group.isFull(nowMs)) return undefined;
  if (head.attempts >= attemptsMax || sent === undefined || !mayRepeat(kind, error)) return undefined;
  // Two hosts lost in a row with it are no chance: it may be what ends or hangs them, and a third one is spared.
  if (error.code === "SKEIN_TRANSPORT_LOST") {
    if (sending.wasLost) return undefined;
    sending.wasLost = true;
  }
  const waitMs = backoffMs(head.attempts, random);
  const leftMs = (head.timeoutMs ?? Infinity) - (nowMs - head.sentMs);
  return waitMs < leftMs && group.budget.take(nowMs) ? waitMs : undefined;
}

/** By what is known of the failure and what the kind allows. A command always has a key here. */
export function mayRepeat(kind: Kind, error: SkeinError): boolean {
  if (error.attempts !== undefined || isDeclaredError(error) || error.who !== "operator") return false;
  if (error.outcome === "not_started") return error.retry;
  if (kind !== "query" && kind !== "command") return false;
  return error.retry || error.code === "SKEIN_TRANSPORT_LOST";
}

/** What its caller is told: the failure, how often it was sent, and so that nobody above sends it again. */
export function final(failure: SkeinError, kind: Kind, attempts: number, unsure: SkeinError | undefined): SkeinError {
  // An attempt that did not start says nothing of an earlier one that may have run.
  const error = kind !== "query" && failure.outcome === "not_started" ? (unsure ?? failure) : failure;
  if (isDeclaredError(error) || error.attempts !== undefined) return error;
  const { code, canonical, message, outcome, retry, who, fix, status, data, traceId } = error;
  const cause = error.cause ?? error;
  return new SkeinError({ code, canonical, message, outcome, retry, who, fix, status, data, traceId, attempts, cause });
}
