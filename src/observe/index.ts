/** The observe layer: a recorder of spans and a log, both as ports with an in-memory form. */
export { Histogram, type HistogramSummary } from "./histogram.ts";
export { createLog, type LogLevel, type LogSink, quietly, silentLog, withFields } from "./log.ts";
export { createRecorder, type EndpointSummary, type Recorder, type Span } from "./recorder.ts";
