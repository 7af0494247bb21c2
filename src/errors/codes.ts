/**
 * The 16 canonical codes and the HTTP status each has by default.
 * Must never grow: a new failure is a catalogue row mapped to one of these.
 */

/**
 * The closed list that gRPC and Connect share, spelled as Connect writes it on the wire, each with the HTTP status of
 * Connect's table (https://connectrpc.com/docs/protocol#error-codes).
 * @since 0.1.0
 */
export const canonicalStatus = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
} as const;

/** @since 0.1.0 */
export type CanonicalCode = keyof typeof canonicalStatus;

/** All sixteen, in the order of gRPC's numbers. @since 0.1.0 */
export const canonicalCodes: readonly CanonicalCode[] = Object.keys(canonicalStatus) as CanonicalCode[];

/** @since 0.1.0 */
export function isCanonicalCode(value: unknown): value is CanonicalCode {
  return typeof value === "string" && Object.hasOwn(canonicalStatus, value);
}
