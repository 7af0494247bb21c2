/** Owns what a fault case is: what it does to a running shop, and what must hold. It must hold no case itself. */
import type { Random } from "../../../src/core/index.ts";
import type { PlacedShop } from "../../shop/placed.ts";
import type { Figures } from "./figures.ts";

export interface FaultContext {
  readonly shop: PlacedShop;
  readonly random: Random;
  /** How long the traffic lasts. */
  readonly durationMs: number;
  /** Resolves so long after the start of the traffic; false when the run is over sooner. */
  until(ms: number): Promise<boolean>;
  /** Milliseconds since the start of the traffic. */
  now(): number;
  /** Written into the result, and shown. */
  note(what: string): void;
}

/** A part of the run that is looked at by itself, in milliseconds after the start of the traffic. */
export interface Span {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
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
  readonly placement?: string;
  /** Does its worst while customers ask; resolves when it is done and has put right what it must. */
  inject(context: FaultContext): Promise<CaseFindings>;
  /** What the customers' figures must keep, whatever the machine: a violation for each that is missed. */
  judge(figures: Figures, spans: Readonly<Record<string, Figures>>): readonly string[];
  /** The same of times, which a short run is too short to say. */
  judgeTimes?(figures: Figures, spans: Readonly<Record<string, Figures>>): readonly string[];
}

export function atLeast(name: string, value: number, least: number): string[] {
  return value >= least ? [] : [`${name} is ${value}, and must be at least ${least}`];
}

export function atMost(name: string, value: number, most: number): string[] {
  return value <= most ? [] : [`${name} is ${value}, and must be at most ${most}`];
}
