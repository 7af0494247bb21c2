/**
 * The door of `core`: the seams for time and randomness, and the small tools every layer stands on.
 * Must never import another layer.
 */
export { assert, AssertionFailed, unreachable } from "./assert.ts";
export { createLock, LockFull, type Lock } from "./async-lock.ts";
export { createBoundedQueue, type BoundedQueue } from "./bounded-queue.ts";
export { toBytes, type ByteSize } from "./byte-size.ts";
export { sleep, toNextMs, systemClock, type Clock, type Timer } from "./clock.ts";
export { toMs, type Duration } from "./durations.ts";
export { frozenCopy } from "./frozen-copy.ts";
export { createId, createSpanId, createTraceId } from "./ids.ts";
export { nearest } from "./nearest.ts";
export { createSeededRandom, systemRandom, type Random } from "./random.ts";
export { Secret } from "./secret.ts";
export { copyValue, ValueSetError } from "./structural-copy.ts";
export { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";
export { readTraceParent, type TraceParent } from "./traceparent.ts";
export { afterStep, afterTurn } from "./turn.ts";
