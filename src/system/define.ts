/** Owns `define()`: the same doors, typed by a team's own principal. It must never add behaviour of its own. */
import { type Contract, contract, type InferOut, type Members, type Schema } from "../contract/index.ts";
import type { Authenticator } from "./identity.ts";
import { type Has, type On, type Policies, service, type Service, type ServiceSpec, type Uses } from "./service.ts";
import { system, type System, type SystemSpec } from "./system.ts";

/** The doors of a system whose principal has the shape of a schema. @since 0.1.0 */
export interface Defined<Who> {
  /** The same `contract`: what a service promises does not depend on who calls. */
  readonly contract: typeof contract;
  readonly service: <
    const Name extends string,
    M extends Members,
    // oxlint-disable-next-line typescript/ban-types -- nothing used, nothing owned
    const U extends Uses = {},
    // oxlint-disable-next-line typescript/ban-types -- as above
    const H extends Has = {},
    // oxlint-disable-next-line typescript/ban-types -- as above
    const P extends Policies<M> = {},
    // oxlint-disable-next-line typescript/ban-types -- as above
    const O extends On = {},
  >(
    contract: Contract<Name, M>,
    spec?: ServiceSpec<M, U, H, P, O>,
  ) => Service<Name, M, U, H, P, O, Who>;
  readonly system: (name: string, spec: SystemSpec) => System;
}

/** @since 0.1.0 */
export interface DefineSpec<S extends Schema> {
  /** Parses what an authenticator found out, once per request. */
  readonly principal: S;
  /** How callers from outside prove who they are; without one everybody is anonymous. The first that finds a credential decides. */
  readonly authenticate?: readonly Authenticator[];
}

/**
 * Types `call.principal` by a schema, and says how a request gets one. The schema must give an object with
 * `subject: string` and `roles: string[]`; what is in it travels with every call.
 * @since 0.1.0
 */
export function define<S extends Schema<unknown, { readonly subject: string; readonly roles: readonly string[] }>>(
  spec: DefineSpec<S>,
): Defined<InferOut<S>> {
  const authenticators = Object.freeze([...(spec.authenticate ?? [])]);
  const identity =
    authenticators.length === 0 ? undefined : Object.freeze({ principal: spec.principal, authenticators });
  return { contract, service, system: (name, parts) => system(name, identity ? { ...parts, identity } : parts) };
}
