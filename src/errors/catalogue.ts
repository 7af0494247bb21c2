/**
 * Every error Skein itself can give, one row of facts each. Codes are born here and nowhere else; what is said about each is
 * in texts.ts, apart so that browsers need not carry it (ADR 27).
 * A row must never be renamed or reused for another meaning: users match on the code.
 *
 * Adding a row: put it in its area, give it its texts, raise it somewhere, provoke it in a test, and run
 * `npm run docs:reference`.
 */
import { errorTexts } from "#error-texts";
import type { CanonicalCode } from "./codes.ts";
import { errorTexts as everyText } from "./texts.ts";

/**
 * What is known about the effect: `not_started` (nothing ran), `unknown` (it may have run), `failed` (it ran and failed,
 * nothing was kept).
 * @since 0.1.0
 */
export type Outcome = "not_started" | "unknown" | "failed";

/** Who must act: the `caller`, the `operator` of the system, or whoever writes its code (`bug`). @since 0.1.0 */
export type Actor = "caller" | "operator" | "bug";

/** @since 0.1.0 */
export interface CatalogueRow {
  readonly canonical: CanonicalCode;
  /** Whether sending the very same call again, a little later, can succeed and is safe. */
  readonly retry: boolean;
  readonly outcome: Outcome;
  readonly who: Actor;
  /** One sentence: what happened. Shown to users, so it carries nothing internal. */
  readonly what: string;
  /** What to do about it. */
  readonly fix: string;
  /** The version that introduced it. */
  readonly since: string;
  /** The HTTP status, where it is not the canonical code's own. */
  readonly status?: number;
}

/** What of a row is said rather than decided. */
export type ErrorText = Pick<CatalogueRow, "what" | "fix">;

// One row, one line: the table stays readable.
// oxfmt-ignore
const facts = {
  // --- calls ---
  SKEIN_CALL_CYCLE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CALL_DEPTH: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CALL_IN_TRANSACTION: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CALL_KIND: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CALL_UNDECLARED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CALL_NO_ROUTE: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_CALL_DEADLINE: { canonical: "deadline_exceeded", retry: false, outcome: "unknown", who: "operator", since: "0.1.0" },
  SKEIN_CALL_CANCELED: { canonical: "canceled", retry: false, outcome: "unknown", who: "caller", since: "0.1.0" },
  SKEIN_CALL_INCOMING: { canonical: "aborted", retry: false, outcome: "unknown", who: "caller", since: "0.1.0" },
  SKEIN_CALL_RANGE: { canonical: "out_of_range", retry: false, outcome: "failed", who: "caller", status: 416, since: "0.1.0" },
  SKEIN_CALL_FAILED: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },
  // --- access ---
  SKEIN_ACCESS_UNAUTHENTICATED: { canonical: "unauthenticated", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_ACCESS_DENIED: { canonical: "permission_denied", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_ACCESS_UNAVAILABLE: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_ACCESS_SETUP: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_ACCESS_DEV_ONLY: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },

  // --- values ---
  SKEIN_INPUT_INVALID: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_OUTPUT_INVALID: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },
  SKEIN_VALUE_SET: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_ERROR_UNDECLARED: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },

  // --- keys ---
  SKEIN_KEY_REUSED: { canonical: "already_exists", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_KEY_IN_FLIGHT: { canonical: "aborted", retry: true, outcome: "unknown", who: "caller", since: "0.1.0" },
  SKEIN_KEY_INVALID: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  // --- commands ---
  SKEIN_COMMAND_NO_TRANSACTION: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },
  SKEIN_COMMAND_SECOND_TRANSACTION: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },
  SKEIN_COMMAND_REPLY: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },

  // --- databases and migrations ---
  SKEIN_DATA_READ_ONLY: { canonical: "failed_precondition", retry: false, outcome: "failed", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_DATA_BUSY: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_LEASE_LOST: { canonical: "unavailable", retry: true, outcome: "failed", who: "operator", since: "0.1.0" },
  SKEIN_LEADER_NONE: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_DATA_UNAVAILABLE: { canonical: "unavailable", retry: true, outcome: "unknown", who: "operator", since: "0.1.0" },
  SKEIN_DATA_FULL: { canonical: "resource_exhausted", retry: true, outcome: "failed", who: "operator", status: 503, since: "0.1.0" },
  SKEIN_DATA_NO_ENGINE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_DATA_VALUE: { canonical: "invalid_argument", retry: false, outcome: "failed", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_DATA_QUERY: { canonical: "internal", retry: false, outcome: "failed", who: "bug", since: "0.1.0" },
  SKEIN_DATA_UNIQUE: { canonical: "already_exists", retry: false, outcome: "failed", who: "bug", since: "0.1.0" },
  SKEIN_DATA_CONSTRAINT: { canonical: "failed_precondition", retry: false, outcome: "failed", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_DATA_TIMEOUT: { canonical: "deadline_exceeded", retry: false, outcome: "failed", who: "bug", since: "0.1.0" },
  SKEIN_DATA_TRANSACTION: { canonical: "failed_precondition", retry: false, outcome: "failed", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_MIGRATION_PENDING: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_MIGRATION_CHANGED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_MIGRATION_FAILED: { canonical: "internal", retry: false, outcome: "failed", who: "bug", since: "0.1.0" },
  SKEIN_MIGRATION_UNKNOWN: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_MIGRATION_LOCKED: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },

  // --- between hosts ---
  SKEIN_TRANSPORT_UNREACHABLE: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_TRANSPORT_LOST: { canonical: "unavailable", retry: false, outcome: "unknown", who: "operator", since: "0.1.0" },
  SKEIN_TRANSPORT_DENIED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_TRANSPORT_PROTOCOL: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },
  SKEIN_TRANSPORT_CROWDED: { canonical: "resource_exhausted", retry: true, outcome: "not_started", who: "operator", status: 503, since: "0.1.0" },
  SKEIN_TRANSPORT_TOO_LARGE: { canonical: "resource_exhausted", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },

  // --- declarations ---
  SKEIN_CONFIG_INVALID: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_RESOURCE_FAILED: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_SYSTEM_LOAD: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_SYSTEM_INVALID: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_PLACEMENT_INVALID: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_PLACEMENT_CONNECTIONS: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_CONTRACT_INVALID: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_SERVICE_INVALID: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_FEATURE_LATER: { canonical: "unimplemented", retry: false, outcome: "not_started", who: "bug", since: "0.1.0" },

  // --- external services ---
  SKEIN_EXTERNAL_UNREACHABLE: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_EXTERNAL_LOST: { canonical: "unavailable", retry: false, outcome: "unknown", who: "operator", since: "0.1.0" },
  SKEIN_EXTERNAL_ADDRESS: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_EXTERNAL_REDIRECT: { canonical: "failed_precondition", retry: false, outcome: "unknown", who: "operator", status: 502, since: "0.1.0" },
  SKEIN_EXTERNAL_REPLY: { canonical: "internal", retry: false, outcome: "unknown", who: "operator", status: 502, since: "0.1.0" },
  SKEIN_EXTERNAL_TOO_LARGE: { canonical: "resource_exhausted", retry: false, outcome: "unknown", who: "operator", status: 502, since: "0.1.0" },
  SKEIN_EXTERNAL_BUSY: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_EXTERNAL_FAILED: { canonical: "internal", retry: false, outcome: "unknown", who: "operator", status: 502, since: "0.1.0" },
  SKEIN_EXTERNAL_DENIED: { canonical: "permission_denied", retry: false, outcome: "not_started", who: "operator", status: 502, since: "0.1.0" },
  SKEIN_EXTERNAL_NOT_FOUND: { canonical: "not_found", retry: false, outcome: "not_started", who: "operator", status: 502, since: "0.1.0" },
  SKEIN_EXTERNAL_REFUSED: { canonical: "failed_precondition", retry: false, outcome: "failed", who: "bug", status: 502, since: "0.1.0" },
  SKEIN_EXTERNAL_CROWDED: { canonical: "resource_exhausted", retry: true, outcome: "not_started", who: "operator", status: 503, since: "0.1.0" },

  // --- what `skein check` finds ---
  SKEIN_CHECK_CONTRACT_UNKNOWN: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_MEMBER_UNKNOWN: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_CONTRACT_FORKED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_BREAKING: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_SKEW: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CONTRACTS_FILE: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_CHECK_CYCLE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_OWNERS: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_DIALECTS: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_ROUTE_CLASH: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_MOUNT_CLASH: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_MOUNT_MOVED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_MOUNT_SHADOWED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_ROUTE_RESERVED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_ACCESS_MISSING: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_INTERNAL_ROUTE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_USES_KIND: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_USES_IDLE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_COMMAND_DATABASE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_RATE_DATABASE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_VALUE_SET: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_OPAQUE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_ROUTE_PARAMETER: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_HEADER_FIELD: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_REPLY_FIELD: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_CHANNEL_RESUME: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_STREAM_ID: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_REQUIREMENT_ROUTE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_REQUIREMENT_VALUE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CHECK_MODULE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },

  // --- HTTP ---
  SKEIN_HTTP_NOT_FOUND: { canonical: "not_found", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_MOUNT_UNKNOWN: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_MOUNT_FAILED: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", since: "0.1.0" },
  SKEIN_MOUNT_UPGRADE: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_MOUNT_ENGINE: { canonical: "unimplemented", retry: false, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_HTTP_METHOD: { canonical: "unimplemented", retry: false, outcome: "not_started", who: "caller", status: 405, since: "0.1.0" },
  SKEIN_HTTP_UPGRADE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "caller", status: 426, since: "0.1.0" },
  SKEIN_HTTP_MESSAGE: { canonical: "invalid_argument", retry: false, outcome: "unknown", who: "caller", since: "0.1.0" },
  SKEIN_HTTP_BODY_TOO_LARGE: { canonical: "resource_exhausted", retry: false, outcome: "not_started", who: "caller", status: 413, since: "0.1.0" },
  SKEIN_HTTP_BODY_INVALID: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_HTTP_MEDIA_TYPE: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", status: 415, since: "0.1.0" },
  SKEIN_HTTP_HEADERS: { canonical: "resource_exhausted", retry: false, outcome: "not_started", who: "caller", status: 431, since: "0.1.0" },
  SKEIN_HTTP_TARGET: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", status: 414, since: "0.1.0" },
  SKEIN_HTTP_TIMEOUT: { canonical: "deadline_exceeded", retry: false, outcome: "not_started", who: "caller", status: 408, since: "0.1.0" },
  SKEIN_HTTP_PRECONDITION: { canonical: "failed_precondition", retry: false, outcome: "failed", who: "caller", status: 412, since: "0.1.0" },
  SKEIN_HTTP_CROWDED: { canonical: "resource_exhausted", retry: true, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_HTTP_RATE: { canonical: "resource_exhausted", retry: true, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_HTTP_TLS_REQUIRED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "caller", status: 403, since: "0.1.0" },
  SKEIN_TLS_CERTIFICATE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_HTTP_BAD_REQUEST: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_HOST_OVERLOADED: { canonical: "resource_exhausted", retry: true, outcome: "not_started", who: "operator", status: 503, since: "0.1.0" },
  SKEIN_HOST_DRAINING: { canonical: "unavailable", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },

  // --- callers outside: the HTTP client and the file that `skein client` writes ---
  SKEIN_CLIENT_NETWORK: { canonical: "unavailable", retry: true, outcome: "unknown", who: "operator", since: "0.1.0" },
  SKEIN_CLIENT_ANSWER: { canonical: "internal", retry: false, outcome: "unknown", who: "operator", status: 502, since: "0.1.0" },
  SKEIN_CLIENT_TOO_LARGE: { canonical: "resource_exhausted", retry: false, outcome: "unknown", who: "caller", status: 502, since: "0.1.0" },
  SKEIN_CLIENT_SETUP: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_CLIENT_STALE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_WORKFLOW_RUNNING: { canonical: "deadline_exceeded", retry: true, outcome: "unknown", who: "caller", since: "0.1.0" },

  // --- streams ---
  SKEIN_MOVED: { canonical: "unavailable", retry: true, outcome: "unknown", who: "operator", since: "0.1.0" },

  // --- the command line and the machine ---
  SKEIN_PORT_TAKEN: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_SUPERVISOR_RUNNING: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_SUPERVISOR_START: { canonical: "unavailable", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_SUPERVISOR_MODE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_PLACE_BUSY: { canonical: "failed_precondition", retry: true, outcome: "not_started", who: "caller", status: 500, since: "0.1.0" },
  SKEIN_PLACE_REFUSED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_PLACE_UNDONE: { canonical: "aborted", retry: false, outcome: "failed", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_ROLL_REFUSED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_ROLL_UNDONE: { canonical: "aborted", retry: false, outcome: "failed", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_SUPERVISOR_NONE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "caller", status: 500, since: "0.1.0" },
  SKEIN_SUPERVISOR_SILENT: { canonical: "deadline_exceeded", retry: true, outcome: "unknown", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_SIMULATION_STUCK: { canonical: "deadline_exceeded", retry: false, outcome: "unknown", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_SIMULATION_INVALID: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_STATE_FAILED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_STATE_UNSAFE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_LOGS_NONE: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "caller", status: 500, since: "0.1.0" },
  SKEIN_CLI_USAGE: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_OPENAPI_INVALID: { canonical: "invalid_argument", retry: false, outcome: "not_started", who: "caller", since: "0.1.0" },
  SKEIN_CLI_FAILED: { canonical: "internal", retry: false, outcome: "unknown", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_DEV_CRASHED: { canonical: "internal", retry: true, outcome: "unknown", who: "bug", status: 500, since: "0.1.0" },
  SKEIN_DEV_WATCH: { canonical: "resource_exhausted", retry: true, outcome: "not_started", who: "operator", since: "0.1.0" },
  SKEIN_RUNTIME_TOO_OLD: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
  SKEIN_RUNTIME_UNSUPPORTED: { canonical: "failed_precondition", retry: false, outcome: "not_started", who: "operator", status: 500, since: "0.1.0" },
} as const satisfies Record<`SKEIN_${string}`, Omit<CatalogueRow, keyof ErrorText>>;

/** @since 0.1.0 */
export type SkeinCode = keyof typeof facts;

/** Every row, whole, in any bundle. @since 0.1.0 */
export const catalogue: Readonly<Record<SkeinCode, CatalogueRow>> = /* @__PURE__ */ join(everyText);

/**
 * The rows that errors are made from. In a bundle for browsers, without their texts: `what` is then the canonical code in
 * words and `fix` is empty.
 */
export const knownErrors: typeof catalogue = join(errorTexts);

/** @since 0.1.0 */
export function isSkeinCode(value: unknown): value is SkeinCode {
  return typeof value === "string" && Object.hasOwn(facts, value);
}

function join(texts: typeof everyText | undefined): typeof catalogue {
  const rows = Object.entries(facts).map(([code, row]) => [
    code,
    { ...row, ...(texts?.[code as SkeinCode] ?? { what: row.canonical.replaceAll("_", " "), fix: "" }) },
  ]);
  return Object.fromEntries(rows) as typeof catalogue;
}
