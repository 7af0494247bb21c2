/** Owns what the call path knows of one method at run time. It must never change after the host has opened it. */
import type { Kind, Method } from "../contract/index.ts";
import { isBytes, isChannel, isStream, nothing, type Output, type Schema } from "../contract/index.ts";
import { PlainParser } from "../contract/shapes.ts";
import { toMs } from "../core/index.ts";
import type { Access, AnyHandler, Declaration, Implementation, Opened } from "../system/index.ts";
import { Usual } from "./resilience/gradient.ts";
import type { ReplyCache } from "./stages/cache.ts";
import type { OwnFactory } from "./own.ts";

export interface Endpoint {
  /** `orders.place` */
  readonly id: string;
  readonly service: string;
  readonly name: string;
  readonly kind: Kind;
  readonly method: Method;
  /** What the validator would make of an input, of a reply or an item, where that is known without it. */
  readonly plainInput: PlainParser;
  readonly plainOutput: PlainParser;
  /** Answers item by item: a stream, or a download. */
  readonly isStream: boolean;
  readonly isChannel: boolean;
  /** A body streams in. Such a call may last as long as bytes come: `timeoutMs` is the longest pause, as in a download. */
  readonly isUpload: boolean;
  /** Whether its total time has no limit of its own. */
  readonly mayLast: boolean;
  /** Answers bytes. */
  readonly isDownload: boolean;
  /** `undefined` refuses every call: deny by default. */
  readonly access: Access | undefined;
  readonly timeoutMs: number | undefined;
  readonly handler: AnyHandler;
  readonly guard: AnyHandler | undefined;
  /** Makes `own` for a call of this kind of method. */
  readonly own: OwnFactory;
  /** The same as a query sees it: for guards. */
  readonly readOnlyOwn: OwnFactory;
  readonly cache: ReplyCache | undefined;
  /** The database that remembers idempotency keys, if the service has one. */
  readonly database: Opened | undefined;
  readonly declaration: Declaration;
  /** How long its calls usually take, as admission learns it. */
  readonly usual: Usual;
}

export interface EndpointParts {
  readonly own: OwnFactory;
  readonly readOnlyOwn: OwnFactory;
  readonly cache: ReplyCache | undefined;
  readonly database: Opened | undefined;
}

export function createEndpoint(
  implementation: Implementation,
  name: string,
  method: Method,
  parts: EndpointParts,
): Endpoint {
  const { declaration } = implementation;
  const policy = declaration.policy[name] ?? {};
  const handler = implementation.handlers[name];
  if (handler === undefined) throw new TypeError(`${declaration.name} has no handler for ${name}`);
  const answersItems = isStream(method.output) || isBytes(method.output);
  return {
    id: `${declaration.name}.${name}`,
    service: declaration.name,
    name,
    kind: method.kind,
    method,
    plainInput: new PlainParser(method.input),
    plainOutput: new PlainParser(validatedOf(method.output)),
    isStream: answersItems,
    isChannel: isChannel(method.output),
    isDownload: isBytes(method.output),
    isUpload: !answersItems && method.body?.isRaw === false,
    mayLast: answersItems || method.body?.isRaw === false,
    access: policy.access,
    timeoutMs: policy.timeout === undefined ? undefined : toMs(policy.timeout),
    handler,
    guard: policy.access === "guarded" ? implementation.guards[name] : undefined,
    declaration,
    usual: new Usual(),
    ...parts,
  };
}

/** What a reply, or each item of one, is validated by; bytes are not. */
function validatedOf(output: Output): Schema {
  if (isStream(output)) return output.item;
  return isBytes(output) ? nothing : output;
}
