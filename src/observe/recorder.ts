/**
 * Owns what is remembered of calls: spans in a ring, a histogram and outcome counts per endpoint. It must never import
 * an exporter, and never keep more than its limits.
 */
import { Histogram, type HistogramSummary } from "./histogram.ts";

/** One call as it was served. Times are milliseconds of the host's monotonic clock. */
export interface Span {
  readonly traceId: string;
  /** Unique in this recorder; 0 is no span. */
  readonly id: number;
  /** Span of the caller, or 0. Of a call that came from another host it is one in that host's recorder. */
  readonly parentId: number;
  readonly service: string;
  readonly method: string;
  /** The service that called, or `undefined` for a call from outside. */
  readonly caller: string | undefined;
  readonly startMs: number;
  readonly durationMs: number;
  /** `"ok"` or the code of the error. */
  readonly code: string;
  /** Answered from the cache, without the handler. */
  readonly cached: boolean;
  /** Sent to another host, as its caller saw it. Whoever ran it there has a span of its own below this one. */
  readonly sent: boolean;
  /** How often it was sent; 1 where it ran here. */
  readonly attempts: number;
}

/** What an endpoint has done so far. */
export interface EndpointSummary extends HistogramSummary {
  readonly endpoint: string;
  /** Of calls that were sent to other hosts, as their callers saw them; those that ran here are apart. */
  readonly sent: boolean;
  /** How often those calls were sent, all together: what is more than `count` are repeats. Of calls that ran here as many as they are. */
  readonly attempts: number;
  /** Outcomes by code; `"ok"` among them. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Where spans go. The call layer writes; dashboards, exporters and the model read. */
export interface Recorder {
  /** A new span's id. */
  nextId(): number;
  record(span: Span): void;
  /** The latest spans, oldest first, at most the recorder's limit. */
  spans(): Span[];
  endpoints(): EndpointSummary[];
}

interface Meter {
  readonly latency: Histogram;
  attempts: number;
  ok: number;
  /** All but `"ok"`. */
  readonly outcomes: Map<string, number>;
}

/** By service, then by method. */
type Meters = Map<string, Map<string, Meter>>;

/** A place in the ring. */
type Slot = { -readonly [Field in keyof Span]: Span[Field] };

/** Codes counted apart per endpoint at most; declared errors are few, so more than this is somebody's attack. */
const codesMax = 64;

/** A recorder in memory that keeps the latest `spansMax` spans (4,096 unless given). */
export function createRecorder(options: { readonly spansMax?: number } = {}): Recorder {
  const spansMax = options.spansMax ?? 4096;
  const ring: Slot[] = [];
  const ran: Meters = new Map();
  const sent: Meters = new Map();
  let written = 0;
  let lastId = 0;
  return {
    nextId: () => ++lastId,
    record(span) {
      if (spansMax > 0) keep(ring, written++ % spansMax, span);
      const meter = meterOf(span.sent ? sent : ran, span.service, span.method);
      meter.latency.record(span.durationMs);
      meter.attempts += span.attempts;
      if (span.code === "ok") {
        meter.ok++;
        return;
      }
      const code = meter.outcomes.size < codesMax || meter.outcomes.has(span.code) ? span.code : "other";
      meter.outcomes.set(code, (meter.outcomes.get(code) ?? 0) + 1);
    },
    spans() {
      const start = written <= spansMax ? 0 : written % spansMax;
      return [...ring.slice(start), ...ring.slice(0, start)].map((slot) => ({ ...slot }));
    },
    endpoints() {
      return [...summaries(ran, false), ...summaries(sent, true)];
    },
  };
}

/** Overwrites the oldest slot: a span that is kept as it came outlives its call, and the collector pays for moving it. */
function keep(ring: Slot[], index: number, span: Span): void {
  const slot = ring[index];
  if (slot === undefined) {
    ring[index] = { ...span };
    return;
  }
  slot.traceId = span.traceId;
  slot.id = span.id;
  slot.parentId = span.parentId;
  slot.service = span.service;
  slot.method = span.method;
  slot.caller = span.caller;
  slot.startMs = span.startMs;
  slot.durationMs = span.durationMs;
  slot.code = span.code;
  slot.cached = span.cached;
  slot.sent = span.sent;
  slot.attempts = span.attempts;
}

function summaries(meters: Meters, sent: boolean): EndpointSummary[] {
  return [...meters].flatMap(([service, methods]) =>
    [...methods].map(([method, meter]) => ({
      endpoint: `${service}.${method}`,
      sent,
      ...meter.latency.summary(),
      attempts: meter.attempts,
      outcomes: { ...(meter.ok > 0 && { ok: meter.ok }), ...Object.fromEntries(meter.outcomes) },
    })),
  );
}

function meterOf(meters: Meters, service: string, method: string): Meter {
  // Two lookups by existing strings are cheaper on the hot path than building "service.method".
  let methods = meters.get(service);
  if (methods === undefined) meters.set(service, (methods = new Map()));
  let meter = methods.get(method);
  if (meter === undefined)
    methods.set(method, (meter = { latency: new Histogram(), attempts: 0, ok: 0, outcomes: new Map() }));
  return meter;
}
