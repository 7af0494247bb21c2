/**
 * Owns `fake()`: a stand-in for a service, made from its contract. It must never answer with what the contract would
 * refuse: a fake's replies are parsed and its idempotency keys honoured like those of the real service.
 */
import {
  type AnyContract,
  type Contract,
  type Members,
  type Method,
  type MethodNames,
  type ParsedInputOf,
  type RawReplyOf,
} from "../contract/index.ts";
import { copyValue } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import {
  type AnyHandler,
  type Call,
  type Implementation,
  type MethodPolicy,
  methodsOf,
  service,
  type WithBody,
} from "../system/index.ts";
import { keyMemory, type Once } from "./internal/key-memory.ts";

/** The second argument of a fake's handlers: `call.principal`, and `throw call.error("OUT_OF_STOCK", { sku })`. @since 0.1.0 */
export type FakeCall<M extends Method> = Call<unknown, M["errors"]> & WithBody<M>;

/** Handlers of a fake, by method; any of them may be left out. @since 0.1.0 */
export type FakeHandlers<M extends Members> = {
  readonly [K in MethodNames<M>]?: M[K] extends Method
    ? (input: ParsedInputOf<M[K]>, call: FakeCall<M[K]>) => RawReplyOf<M[K]> | Promise<RawReplyOf<M[K]>>
    : never;
};

/** The inputs that each method was called with, oldest first, as its handler saw them. @since 0.1.0 */
export type CallsOf<M extends Members> = {
  readonly [K in MethodNames<M>]: M[K] extends Method ? ReadonlyArray<ParsedInputOf<M[K]>> : never;
};

/** A fake service that records its calls. `Given` are the methods it can answer. @since 0.1.0 */
export interface Fake<Name extends string, M extends Members, Given extends string> extends Implementation<Name> {
  readonly calls: CallsOf<M>;
  /** Types only; never there at run time. */
  readonly "~given"?: Readonly<Record<Given, true>>;
}

/**
 * A service of `contract` for tests: everybody may call it, and it answers with `handlers`. Input and replies are parsed
 * by the contract's schemas. A command with a key has one effect, as with a real database. A method without a handler
 * fails with `SKEIN_CALL_NO_ROUTE` and says so. Give a fake to one test: it remembers its calls.
 * @since 0.1.0
 */
export function fake<const Name extends string, M extends Members, const H extends FakeHandlers<M>>(
  contract: Contract<Name, M>,
  handlers: H & FakeHandlers<M>,
): Fake<Name, M, keyof H & string> {
  const missing = (method: string) =>
    `the fake of ${contract.name} has no handler for "${method}": give it one, fake(..., { ${method}: (input) => ... })`;
  return createFake(contract, handlers as Readonly<Record<string, AnyHandler | undefined>>, missing) as Fake<
    Name,
    M,
    keyof H & string
  >;
}

/** A fake of a contract that says why it cannot answer, for a service that a test gave no fake for. */
export function createFake(
  contract: AnyContract,
  handlers: Readonly<Record<string, AnyHandler | undefined>>,
  missing: (method: string) => string,
): Implementation & { readonly calls: Readonly<Record<string, readonly unknown[]>> } {
  const methods = methodsOf(contract);
  for (const name of Object.keys(handlers)) {
    if (!methods.some(([method]) => method === name)) {
      throw skeinError("SKEIN_SERVICE_INVALID", `fake(${contract.name}): its contract has no method "${name}"`);
    }
  }
  const calls: Record<string, unknown[]> = Object.create(null) as Record<string, unknown[]>;
  const wrapped: Record<string, AnyHandler> = {};
  const policy: Record<string, MethodPolicy> = {};
  for (const [name, method] of methods) {
    const seen: unknown[] = (calls[name] = []);
    const handler = handlers[name];
    policy[name] = { access: "public" };
    wrapped[name] = fakeHandler(method, (input, call) => {
      seen.push(copyOf(input));
      if (handler === undefined) throw skeinError("SKEIN_CALL_NO_ROUTE", missing(name), { retry: false });
      return handler(input, call, undefined);
    });
  }
  // The keys of commands are remembered through the same port as a database's.
  const declared = service(contract, { has: { once: keyMemory() }, policy });
  // Built from the contract's own methods, so the handlers fit; their types are those of `FakeHandlers`.
  const implementation: Implementation = declared.implement(wrapped as never);
  return Object.freeze({ ...implementation, calls });
}

function fakeHandler(method: Method, answer: (input: unknown, call: Call) => unknown): AnyHandler {
  if (method.kind !== "command") return (input: unknown, _own: unknown, call: Call) => answer(input, call);
  return (input: unknown, own: { readonly once: Once }, call: Call) => own.once(() => answer(input, call));
}

function copyOf(input: unknown): unknown {
  try {
    return copyValue(input);
  } catch {
    // A schema may transform to something outside the value set; then the test sees the handler's own object.
    return input;
  }
}
