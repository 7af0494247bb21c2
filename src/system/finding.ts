/** Owns what the check says: the shape of one finding, its order, its text. It must never find anything itself. */
import { catalogue, type SkeinCode } from "../errors/index.ts";

/** One thing the check has to say about a system. An error means that it cannot work as declared. @since 0.1.0 */
export interface Finding {
  readonly level: "error" | "warning";
  /** A `SKEIN_CHECK_*` code, or `SKEIN_FEATURE_LATER`; the guide "Checks" explains each. */
  readonly code: SkeinCode;
  /** The service, endpoint or part of the system it is about: `orders`, `orders.place input`. */
  readonly where: string;
  /** What is wrong, to be read after `where` and a colon; no full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

/** A finding whose fix is the code's own unless a better one is known. */
export function finding(
  level: Finding["level"],
  code: SkeinCode,
  where: string,
  message: string,
  fix: string = catalogue[code].fix,
): Finding {
  return Object.freeze({ level, code, where, message, fix });
}

/** Errors before warnings, then by place, code and message: the same system gives the same list. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const key = ({ level, where, code, message }: Finding): string => [level, where, code, message].join("\u0000");
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(near: string | undefined): string {
  return near === undefined ? "" : `; did you mean "${near}"?`;
}
