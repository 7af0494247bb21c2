/** Owns what the parent and its child say to each other, and the events a person or a program is shown. Pure data. */
import type { Failure } from "../failure.ts";
import type { FindingText } from "../finding.ts";
import type { Problem } from "../terminal.ts";

/** How a debugger may attach to the child. */
export interface Inspect {
  readonly port: number;
  readonly hostname: string;
  /** Wait for the debugger before the first system is loaded. */
  readonly isWaiting: boolean;
}

/** What a child is told when it is started, as JSON in its arguments. */
export interface ChildSettings {
  readonly file: string;
  readonly home: string;
  readonly hostname: string;
  readonly isJson: boolean;
}

/** Parent to child. */
export type Order =
  /** Load and open everything; `inspect` when the debugger's port is free for this child from the start. */
  | { readonly do: "load"; readonly inspect?: Inspect }
  | { readonly do: "listen"; readonly port: number }
  /** Let the port go at once, finish what is in flight, end. */
  | { readonly do: "end"; readonly withinMs: number }
  | { readonly do: "inspect"; readonly inspect: Inspect };

/** A finding of the check, as it travels. */
export interface FindingLine extends FindingText {
  readonly level: "error" | "warning";
}

/** Child to parent. */
export type Report =
  /** Files it has loaded, and those its imports did not find. */
  | { readonly is: "loaded"; readonly files: readonly string[]; readonly missing: readonly string[] }
  | {
      readonly is: "ready";
      readonly system: string;
      readonly services: readonly string[];
      readonly findings: readonly FindingLine[];
    }
  | { readonly is: "failed"; readonly failure: Failure; readonly findings: readonly FindingLine[] }
  | { readonly is: "listening"; readonly url: string; readonly port: number }
  | { readonly is: "released" }
  | { readonly is: "ended" }
  /** The child was signalled by somebody who meant the whole. */
  | { readonly is: "signalled" }
  | { readonly is: "event"; readonly event: DevEvent };

/** One thing that happened, as `--json` prints it and a terminal shows it. */
export type DevEvent =
  | {
      readonly event: "ready";
      readonly system: string;
      readonly services: readonly string[];
      readonly url: string;
      readonly docs: string;
      readonly home: string;
      readonly ms: number;
      readonly pid: number;
    }
  | {
      readonly event: "reloaded";
      readonly ms: number;
      readonly changed: readonly string[];
      readonly url: string;
      readonly pid: number;
    }
  | { readonly event: "restarted"; readonly url: string; readonly pid: number }
  | ({ readonly event: "warning" } & FindingText)
  | ({ readonly event: "failed"; readonly isServing: boolean; readonly findings: readonly FindingLine[] } & Failure)
  | ({ readonly event: "crashed"; readonly restartMs: number } & Problem)
  | {
      readonly event: "request";
      /** ISO 8601. */
      readonly time: string;
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly ms: number;
      readonly endpoint?: string;
      readonly code?: string;
      readonly traceId: string;
    }
  | { readonly event: "log"; readonly line: Readonly<Record<string, unknown>> }
  | { readonly event: "debugger"; readonly url: string }
  | { readonly event: "stopping"; readonly reason: string }
  | { readonly event: "stopped"; readonly exit: number };
