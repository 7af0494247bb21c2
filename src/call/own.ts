/**
 * Owns `own`, the second argument of a handler: clients of what the service uses, and what it has, made at first use of
 * each name. It must never give a name that the declaration does not have.
 */
import {
  type AnyContract,
  type BodyCallOptions,
  type BodyHead,
  type ByteRange,
  type CallOptions,
  isBytes,
  isChannel,
  isStream,
  type Kind,
  type Member,
  type Method,
} from "../contract/index.ts";
import type { Declaration, Opened } from "../system/index.ts";
import { skeinError } from "../errors/index.ts";
import { iterateBytes } from "./byte-source.ts";
import { IncomingDownload } from "./download.ts";
import type { CallScope } from "./scope.ts";

/** Makes `own` for one call. A guard's `own` is made for a query, whatever its method is. */
export type OwnFactory = (scope: CallScope) => object;

/** Everything that a client's method may be given beside the input. */
export interface InvokeOptions extends CallOptions {
  readonly resumeFrom?: string;
  readonly incoming?: AsyncIterable<unknown> | undefined;
  /** What is known of a body whose bytes are `incoming`. */
  readonly body?: BodyHead | undefined;
  readonly range?: ByteRange | undefined;
}

/** How a client's method is called: the target is found at each call, so that routes may change under a client. */
export type Invoke = (
  scope: CallScope,
  by: Kind,
  service: string,
  method: string,
  input: unknown,
  options: InvokeOptions | undefined,
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
    /** By position of the name; most calls touch none or one. */
    #made: unknown[] | undefined = undefined;

    constructor(scope: CallScope) {
      this.#scope = scope;
    }

    static define(name: string, position: number, make: (scope: CallScope) => unknown): void {
      Object.defineProperty(Own.prototype, name, {
        enumerable: true,
        get(this: Own) {
          return ((this.#made ??= [])[position] ??= make(this.#scope));
        },
      });
    }
  }
  let position = 0;
  for (const [name, contract] of Object.entries(declaration.uses)) {
    const service: string = contract.name;
    const clientOf = createClientFactory(contract);
    Own.define(name, position++, (scope) =>
      clientOf((method, input, options) => invoke(scope, by, service, method, input, options)),
    );
  }
  for (const [name, owned] of opened) Own.define(name, position++, (scope) => owned.bind(scope.bindingAs(by)));
  return (scope) => new Own(scope);
}

type ClientCall = (method: string, input: unknown, options: InvokeOptions | undefined) => unknown;

/** A client with the methods of a contract (of a pick: the picked ones), each of which hands its arguments on. */
export function createClient(contract: AnyContract, call: ClientCall): object {
  return createClientFactory(contract)(call);
}

/** Makes clients of one contract: what is the same for all of them is found once. */
function createClientFactory(contract: AnyContract): (call: ClientCall) => object {
  class ContractClient {}
  const picked: (readonly [string, Method])[] = [];
  const members: Readonly<Record<string, Member>> = contract.members;
  for (const [name, member] of Object.entries(contract.full)) {
    if (member.kind === "event") continue;
    if (Object.hasOwn(members, name)) picked.push([name, member]);
    else Object.defineProperty(ContractClient.prototype, name, { value: refusal(`${contract.name}.${name}`) });
  }
  return (call) => {
    const client: Record<string, unknown> = new ContractClient() as Record<string, unknown>;
    for (const [name, method] of picked)
      client[name] = clientMethod(method, (input, options) => call(name, input, options));
    return Object.freeze(client);
  };
}

/** Plain JavaScript gets past the types; it should learn what is wrong instead of "is not a function". */
function refusal(id: string): () => Promise<never> {
  return () => {
    const why = `"${id}" is not among the picked methods in uses`;
    const refused = Promise.reject<never>(skeinError("SKEIN_CALL_UNDECLARED", why));
    refused.catch(() => undefined);
    return refused;
  };
}

type Send = (input: unknown, options: InvokeOptions | undefined) => unknown;

function clientMethod({ body, output }: Method, call: Send): (input: unknown, options?: CallOptions) => unknown {
  if (isChannel(output)) return (input, options) => toItems(call(input, sendItems(options as ItemsOptions)));
  // What a caller writes as a body travels as a head and a stream.
  const send: Send = body === undefined ? call : (input, options) => sendBody(input, options as BodyOptions, call);
  if (isBytes(output)) return (input, options) => new IncomingDownload(toItems(send(input, options)));
  return isStream(output) ? (input, options) => toItems(send(input, options)) : send;
}

type BodyOptions = CallOptions & Partial<BodyCallOptions>;

function sendBody(input: unknown, options: BodyOptions | undefined, call: Send): unknown {
  const { body, type, length: given, ...rest } = options ?? {};
  const length = body instanceof Uint8Array ? body.length : given;
  const head = { ...(type !== undefined && { type }), ...(length !== undefined && { length }) };
  // A call that is left out of sends nothing, which is a body of no bytes.
  return call(input, { ...rest, body: head, ...(body !== undefined && { incoming: iterateBytes(body) }) });
}

type ItemsOptions = CallOptions & { readonly received?: AsyncIterable<unknown> };

function sendItems({ received, ...rest }: ItemsOptions = {}): InvokeOptions {
  return received === undefined ? rest : { ...rest, incoming: received };
}

/** A stream that was refused before it began is a rejected promise; its reader wants to meet that at the first item. */
function toItems(answer: unknown): AsyncIterable<unknown> {
  if (!(answer instanceof Promise)) return answer as AsyncIterable<unknown>;
  // Nobody may ever read it, and the error is not lost for those who do.
  answer.catch(() => undefined);
  return (async function* () {
    yield* (await answer) as AsyncIterable<unknown>;
  })();
}
