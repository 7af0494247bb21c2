/** Owns what a fault case is: what it does to a running shop, and what must hold. It must never hold a case itself. */
import type { Random } from "../../../src/core/index.ts";
import type { PlacedShop } from "../../shop/placed.ts";
import type { Figures } from "./figures.ts";
import type { FaultTarget } from "./target.ts";
import type { Kind, Occasional } from "./traffic.ts";

/** What stands between the hosts, instead of nothing. */
export interface Network {
  /** What makes the hosts go through it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A part of the traffic: so many requests a second, for so long. */
export interface Phase {
  readonly name: string;
  readonly rate: number;
  readonly ms: number;
}

/** Before the traffic, once the shop is warm. */
export interface PrepareContext {
  readonly target: FaultTarget;
  /** As that of `FaultContext`. */
  readonly shop: PlacedShop;
  /** Requests a second and how long they last, as the run was asked for. */
  readonly rate: number;
  readonly durationMs: number;
  /** Opens as many connections as customers may have. */
  connect(): Promise<void>;
  /** So many requests a second for so long, whatever becomes of them: answers below 500 a second, once it has begun. */
  offer(rate: number, ms: number): Promise<number>;
}

export interface Prepared {
  /** In this order; unless given, one at the run's rate. */
  readonly phases?: readonly Phase[];
  readonly figures: Readonly<Record<string, number>>;
}

export interface FaultContext {
  /** The shop, as far as every shop is alike. */
  readonly target: FaultTarget;
  /** What only Skein has; reading it fails where a peer is under test, so a case that does says `noPeer`. */
  readonly shop: PlacedShop;
  /** Of a case that has one. */
  readonly network: Network | undefined;
  readonly random: Random;
  /** How long the traffic lasts, unless `enough` is called. */
  readonly durationMs: number;
  /** Its parts, each with when it begins and ends. */
  readonly phases: readonly Span[];
  /** Resolves so long after the start of the traffic; false when the run is over sooner. */
  until(ms: number): Promise<boolean>;
  /** Milliseconds since the start of the traffic. */
  now(): number;
  /** Nobody asks any more: all that was to be seen was seen. */
  enough(): void;
  /** Written into the result, and shown. */
  note(what: string): void;
  /** The most requests that were under way at a time since this was last asked, and how many there may be. */
  takeMostUnderWay(): { readonly most: number; readonly room: number };
}

/** A part of the run that is looked at by itself, in milliseconds after the start of the traffic. */
export interface Span {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** These parts of it alone; all of it unless given. */
  readonly parts?: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Which requests; all unless given. */
  readonly kinds?: readonly Kind[];
}

/** What a case has seen by itself. */
export interface CaseFindings {
  /** Figures beside the customers' own, by name and unit: `backMs`. */
  readonly figures: Readonly<Record<string, number>>;
  readonly spans: readonly Span[];
  /** What must not be, in words. */
  readonly violations: readonly string[];
}

export interface FaultCase {
  readonly summary: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Of the shop's own placements; `replicated` unless given. */
  readonly placement?: string;
  /** A system that adds services to the shop, and its placement: two files. */
  readonly system?: { readonly file: string; readonly placement: string };
  /** Requests a second, where those of other cases are not meant. */
  readonly rate?: number;
  /** Requests to what the case has added to the shop. */
  readonly occasional?: Occasional;
  /** How often a customer sends a request that failed again; 2 unless given, which is the most that is permitted. */
  readonly resendsMax?: number;
  /** The most repeats there may be for each call from host to host, in any ten seconds (`repeats.ts`). */
  readonly repeatsMax?: number;
  /** What a whole run must show, in words, for the report. */
  readonly goal?: string;
  /** Why no peer can play this case, in words. */
  readonly noPeer?: string;
  /** What keeps this machine from running it, in words; `undefined` where nothing does. */
  missing?(): string | undefined;
  /** Opened before the shop starts, and closed after it. */
  network?(random: Random): Promise<Network>;
  /** What it has to know or make before the traffic begins. */
  prepare?(context: PrepareContext): Promise<Prepared>;
  /** Does its worst while customers ask; resolves when it is done and has put right what it must. */
  inject(context: FaultContext): Promise<CaseFindings>;
  /** What the customers' figures must keep, whatever the machine. `own`: what the case measured. Asked again of kept results, for the report. */
  judge(
    figures: Figures,
    spans: Readonly<Record<string, Figures>>,
    own: Readonly<Record<string, number>>,
  ): readonly Measured[];
  /** The same of times, which a short run is too short to say. */
  judgeTimes?: FaultCase["judge"];
}

/** A figure beside what it must be. */
export interface Measured {
  readonly name: string;
  readonly value: number;
  readonly must: "at least" | "at most";
  readonly limit: number;
}

export function atLeast(name: string, value: number, limit: number): Measured[] {
  return [{ name, value, must: "at least", limit }];
}

export function atMost(name: string, value: number, limit: number): Measured[] {
  return [{ name, value, must: "at most", limit }];
}

/** What every case with `repeatsMax` must keep. */
export function judgeShare(worstRepeatShare: number, repeatsMax: number): Measured[] {
  return atMost("repeats for each call between hosts, in the worst ten seconds", worstRepeatShare, repeatsMax);
}

/** A violation for each that is not what it must be, or that nobody knows. */
export function violationsOf(measured: readonly Measured[]): string[] {
  return measured
    .filter(({ value, must, limit }) => !(must === "at least" ? value >= limit : value <= limit))
    .map(({ name, value, must, limit }) => `${name} is ${value}, and must be ${must} ${limit}`);
}

/** What the supervisor says of processes that it had not told to end; each second one of a place has a letter more. */
export function endsIn(log: string): readonly string[] {
  return log.split("\n").filter((line) => /-\d+(\.b)? ended"/.test(line));
}
