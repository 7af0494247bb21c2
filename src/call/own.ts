/**
 * Owns `own`, the second argument of a handler: clients of what the service uses, and what it has, made at first use of
 * each name. It must never give a name that the declaration does not have.
 */
import type { CallOptions, Kind } from "../contract/index.ts";
import type { Declaration, Opened } from "../system/index.ts";
import type { CallScope } from "./scope.ts";

/** Makes `own` for one call. A guard's `own` is made for a query, whatever its method is. */
export type OwnFactory = (scope: CallScope) => object;

/** How a client's method is called: the target is found at each call, so that routes may change under a client. */
export type Invoke = (
  scope: CallScope,
  by: Kind,
  service: string,
  method: string,
  input: unknown,
  options: (CallOptions & { readonly resumeFrom?: string }) | undefined,
) => unknown;

/** A class per service and kind with one lazy getter per name: a call pays only for the names it touches. */
export function createOwnFactory(
  declaration: Declaration,
  opened: ReadonlyMap<string, Opened>,
  by: Kind,
  invoke: Invoke,
): OwnFactory {
  class Own {
    readonly #scope: CallScope;
    readonly #made: Record<string, unknown> = {};

    constructor(scope: CallScope) {
      this.#scope = scope;
    }

    static define(name: string, make: (scope: CallScope) => unknown): void {
      Object.defineProperty(Own.prototype, name, {
        enumerable: true,
        get(this: Own) {
          return (this.#made[name] ??= make(this.#scope));
        },
      });
    }
  }
  for (const [name, contract] of Object.entries(declaration.uses)) {
    const methods = Object.keys(contract.members as object);
    const service: string = contract.name;
    Own.define(name, (scope) =>
      createClient(methods, (method, input, options) => invoke(scope, by, service, method, input, options)),
    );
  }
  for (const [name, owned] of opened) Own.define(name, (scope) => owned.bind(scope.bindingAs(by)));
  return (scope) => new Own(scope);
}

/** A client with these methods, each of which hands its arguments on. */
export function createClient(
  methods: readonly string[],
  call: (method: string, input: unknown, options: CallOptions | undefined) => unknown,
): object {
  const client: Record<string, unknown> = {};
  for (const method of methods) client[method] = (input: unknown, options?: CallOptions) => call(method, input, options);
  return Object.freeze(client);
}
