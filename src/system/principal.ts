/** Owns who a call is for and who may make it, as data. It must never decide an access: the call layer does. */

/** Who a call is for. `define({ principal })` replaces it by a team's own shape. @since 0.1.0 */
export interface Principal {
  /** Stable id of the user or machine. */
  readonly subject: string;
  readonly roles: readonly string[];
  readonly tenant?: string;
}

/** A role that a principal must have. @since 0.1.0 */
export interface RoleAccess {
  readonly role: string;
}

/**
 * Who may call a method. `"public"`: anyone. `"internal"`: services whose `uses` names it; never over HTTP.
 * `role("x")`: a principal with that role. `"guarded"`: the implementation's guard decides, after parsing.
 * Without an access a method is refused (deny by default), and `skein check` says so.
 * @since 0.1.0
 */
export type Access = "public" | "internal" | "guarded" | RoleAccess;

/** Access for principals with this role. @since 0.1.0 */
export function role(name: string): RoleAccess {
  return Object.freeze({ role: name });
}
