/**
 * Owns what Skein tells ArkType's converter about values that JSON has no word for. It must never import ArkType: it
 * reads the documented context of `fallback`.
 */
import { type JsonSchema, ofClass, ofLiterals, outside, shapes } from "./marks.ts";

interface Context {
  readonly base: JsonSchema;
  readonly domain?: string;
  readonly proto?: unknown;
  readonly unit?: unknown;
}

function ofUnit({ unit, base }: Context): JsonSchema {
  if (unit instanceof Date) return shapes.instant;
  return ofLiterals([unit]) ?? base;
}

/** For `libraryOptions` of Standard JSON Schema. */
export const arktypeOptions = {
  fallback: {
    date: () => shapes.instant,
    domain: ({ domain = "a value" }: Context) => (domain === "bigint" ? shapes.bigint : outside(domain)),
    proto: ({ proto }: Context) => ofClass(proto),
    unit: ofUnit,
    morph: () => shapes.selfDescribing,
    // What JSON Schema can say stays; the validator knows the rest.
    predicate: ({ base }: Context) => base,
    patternIntersection: ({ base }: Context) => base,
  },
};
