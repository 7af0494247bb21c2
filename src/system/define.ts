/** Owns `define()`: the same doors, typed by a team's own principal. It must never add behaviour of its own. */
import { type Contract, contract, type InferOut, type Members, type Schema } from "../contract/index.ts";
import { type Has, type On, type Policies, service, type Service, type ServiceSpec, type Uses } from "./service.ts";
import { system, type System, type SystemSpec } from "./system.ts";

/** The doors of a system whose principal has the shape of a schema. @since 0.1.0 */
export interface Defined<Who> {
  /** The same `contract`: what a service promises does not depend on who calls. */
  readonly contract: typeof contract;
  service<
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
  ): Service<Name, M, U, H, P, O, Who>;
  system(name: string, spec: SystemSpec): System;
}

/**
 * Types `call.principal` by a schema. The schema must give an object with `subject: string` and `roles: string[]`;
 * authentication (a later version) fills it.
 * @since 0.1.0
 */
export function define<
  S extends Schema<unknown, { readonly subject: string; readonly roles: readonly string[] }>,
>(_spec: { readonly principal: S }): Defined<InferOut<S>> {
  // The schema is read by types alone until authentication exists; the doors are the same functions.
  return { contract, service, system };
}
