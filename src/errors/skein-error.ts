/**
 * The one class of error that Skein throws, and its sibling for errors that contracts declare.
 * Must never be told apart by message text or `instanceof` across packages: the brand decides.
 */
import { assert } from "../core/index.ts";
import { knownErrors, type Actor, type CatalogueRow, type Outcome, type SkeinCode } from "./catalogue.ts";
import { canonicalStatus, type CanonicalCode } from "./codes.ts";

const brand: unique symbol = Symbol.for("skein.error") as never;

/** What an error is made of; see the fields of {@link SkeinError}. @since 0.1.0 */
export interface SkeinErrorFields {
  readonly code: string;
  readonly canonical: CanonicalCode;
  readonly message: string;
  readonly outcome: Outcome;
  readonly retry: boolean;
  readonly who: Actor;
  readonly fix: string;
  readonly status: number;
  readonly data?: unknown;
  readonly traceId?: string | undefined;
  readonly attempts?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A failure with a code from the catalogue, or one that a contract declares.
 * Made by {@link skeinError} and {@link declaredError}; recognised by {@link isSkeinError}.
 * @since 0.1.0
 */
export class SkeinError extends Error {
  static {
    this.prototype.name = "SkeinError";
    // On the prototype, so that it costs nothing per error and never shows in a log.
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  /** A `SKEIN_*` code, or the name of a declared error. */
  readonly code: string;
  /** One of the 16 codes that gRPC and Connect share. */
  readonly canonical: CanonicalCode;
  /** Whether the call took effect. */
  readonly outcome: Outcome;
  /** Whether the same call may be sent again. */
  readonly retry: boolean;
  /** Who must act. */
  readonly who: Actor;
  /** What to do about it; empty in a bundle for browsers. */
  readonly fix: string;
  /** The HTTP status it is answered with. */
  readonly status: number;
  /** What the error carries for programs to read; travels to the caller. Absent when there is none. */
  declare readonly data?: unknown;
  /** The trace in which a server met it, where a client over HTTP was told. */
  declare readonly traceId?: string;
  /**
   * How often the call that failed was sent, by the caller nearest to it. Set once it has crossed from one host to another:
   * nobody above sends it again.
   */
  declare readonly attempts?: number;

  constructor(fields: SkeinErrorFields) {
    if (fields.cause === undefined) super(fields.message);
    else super(fields.message, { cause: fields.cause });
    this.code = fields.code;
    this.canonical = fields.canonical;
    this.outcome = fields.outcome;
    this.retry = fields.retry;
    this.who = fields.who;
    this.fix = fields.fix;
    this.status = fields.status;
    if (fields.data !== undefined) this.data = fields.data;
    if (fields.traceId !== undefined) this.traceId = fields.traceId;
    if (fields.attempts !== undefined) this.attempts = fields.attempts;
  }
}

/**
 * An error that a contract declares: `code` is its name there, `data` follows its schema.
 * @since 0.1.0
 */
export class DeclaredError<Code extends string = string, Data = unknown> extends SkeinError {
  declare readonly code: Code;
  declare readonly data: Data;

  static {
    this.prototype.name = "DeclaredError";
  }
}

/**
 * An error of the catalogue. The message is `detail`, or the row's `what` (in a bundle for browsers the canonical code in
 * words, and `fix` is empty there). `detail` travels to the caller (except
 * SKEIN_CALL_FAILED's): never put a foreign error's message in it, pass that error as `cause`, which stays at home.
 * @since 0.1.0
 */
export function skeinError(
  code: SkeinCode,
  detail?: string,
  options?: {
    cause?: unknown;
    data?: unknown;
    outcome?: Outcome;
    retry?: boolean;
    attempts?: number | undefined;
  },
): SkeinError {
  const row: CatalogueRow = knownErrors[code];
  return new SkeinError({
    code,
    canonical: row.canonical,
    message: detail ?? row.what,
    outcome: options?.outcome ?? row.outcome,
    retry: options?.retry ?? row.retry,
    who: row.who,
    fix: row.fix,
    status: row.status ?? canonicalStatus[row.canonical],
    data: options?.data,
    attempts: options?.attempts,
    cause: options?.cause,
  });
}

const declaredFix = "Handle this error where the method is called; its contract declares it.";

/**
 * An error that a contract declares. `status` is 422 and `canonical` is `failed_precondition` unless given; the outcome
 * is `failed`: the handler ended on purpose and kept nothing. `retry` is false unless given.
 * @since 0.1.0
 */
export function declaredError<Code extends string, Data>(
  code: Code,
  data: Data,
  options?: { message?: string; status?: number; canonical?: CanonicalCode; retry?: boolean },
): DeclaredError<Code, Data> {
  return createDeclared(code, data, { retry: false, ...options, outcome: "failed" }) as DeclaredError<Code, Data>;
}

/** For the wire form, which also restores outcome and retry. Not exported from the layer. */
export function createDeclared(
  code: string,
  data: unknown,
  options: { message?: string; status?: number; canonical?: CanonicalCode; outcome: Outcome; retry: boolean },
): DeclaredError {
  assert(isDeclarableName(code), `a declared error cannot be named ${JSON.stringify(code.slice(0, 80))}`);
  return new DeclaredError({
    code,
    canonical: options.canonical ?? "failed_precondition",
    message: options.message ?? code,
    outcome: options.outcome,
    retry: options.retry,
    who: "caller",
    fix: declaredFix,
    status: options.status ?? 422,
    data,
  });
}

/** Whether a contract may name an error so: 1 to 80 characters, and no `SKEIN_` in front. @since 0.1.0 */
export function isDeclarableName(name: string): boolean {
  return name.length >= 1 && name.length <= 80 && !name.startsWith("SKEIN_");
}

/** Whether `error` is a SkeinError, made by this copy of the package or another. @since 0.1.0 */
export function isSkeinError(error: unknown): error is SkeinError {
  return typeof error === "object" && error !== null && (error as { [brand]?: unknown })[brand] === true;
}

/** Whether `error` is one that a contract declares, rather than one of the catalogue. @since 0.1.0 */
export function isDeclaredError(error: unknown): error is DeclaredError {
  return isSkeinError(error) && !error.code.startsWith("SKEIN_");
}
