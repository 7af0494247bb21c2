/**
 * Owns `contract()`: a named set of methods and events, as frozen data. It must never import anything that cannot run
 * in a browser, and never look at how a service implements it.
 */
import { checkHttp } from "./http-binding.ts";
import { contractInvalid } from "./invalid.ts";
import { isBytes } from "./bytes.ts";
import type { Event, Member, Method } from "./method.ts";

export type Members = Readonly<Record<string, Member>>;

const brand: unique symbol = Symbol.for("skein.contract") as never;

/** Names of the methods among members `M`. */
export type MethodNames<M extends Members> = { [K in keyof M]: M[K] extends Method ? K : never }[keyof M] & string;
/** Names of the events among members `M`. */
export type EventNames<M extends Members> = { [K in keyof M]: M[K] extends Event ? K : never }[keyof M] & string;

/** What a service promises: named methods and events. @since 0.1.0 */
export interface Contract<Name extends string = string, M extends Members = Members> {
  readonly [brand]: true;
  readonly name: Name;
  readonly members: M;
  /** Every member of the contract as it was declared, also when this value is a `pick` of it. */
  readonly full: Members;
  /** The same contract narrowed to some methods, for `uses`. Throws `SKEIN_CONTRACT_INVALID` for an unknown name. */
  pick<const K extends MethodNames<M>>(...names: readonly K[]): Contract<Name, Pick<M, K>>;
}

/** Any contract, for bounds. */
// oxlint-disable-next-line typescript/no-explicit-any -- variance of `pick`
export type AnyContract = Contract<string, any>;

const names = /^[a-z][a-z0-9-]{0,62}$/;
const memberNames = /^[a-z][A-Za-z0-9]{0,62}$/;
const errorNames = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
const reserved = new Set(["gateway", "skein", "constructor", "prototype"]);
// `then` would make a client look like a promise; the others are names of every object.
const reservedMembers = new Set(["then", "constructor", "prototype", "toString", "valueOf", "pick"]);

/**
 * Declares a contract. `name` is lower case (`a-z`, digits, `-`, at most 63) and unique in a system.
 * Throws `SKEIN_CONTRACT_INVALID` for a name, route, status or error name that cannot work.
 * @since 0.1.0
 */
export function contract<const Name extends string, M extends Members>(name: Name, members: M): Contract<Name, M> {
  if (!names.test(name) || reserved.has(name)) {
    throw contractInvalid(
      `"${name}" cannot name a contract: use lower-case letters, digits and "-", starting with a letter (reserved: gateway, skein)`,
    );
  }
  for (const [key, member] of Object.entries(members)) checkMember(name, key, member);
  const frozen = Object.freeze({ ...members });
  return build(name, frozen, frozen);
}

export function isContract(value: unknown): value is AnyContract {
  return typeof value === "object" && value !== null && brand in value;
}

function build<Name extends string, M extends Members>(name: Name, members: M, full: Members): Contract<Name, M> {
  return Object.freeze({
    [brand]: true as const,
    name,
    members,
    full,
    pick<const K extends MethodNames<M>>(...keys: readonly K[]) {
      const picked: Record<string, Member> = {};
      for (const key of keys) {
        const member = members[key];
        if (member === undefined || member.kind === "event") {
          throw contractInvalid(`${name}.pick("${key}"): ${name} has no method of that name`);
        }
        picked[key] = member;
      }
      return build(name, Object.freeze(picked) as Pick<M, K>, full);
    },
  });
}

function checkMember(name: string, key: string, member: Member): void {
  const where = `${name}.${key}`;
  if (!memberNames.test(key) || reservedMembers.has(key)) {
    throw contractInvalid(
      `"${where}": a method or event is named in lowerCamelCase, at most 63 letters and digits, not "${key}"`,
    );
  }
  if (member.kind === "event") return;
  for (const [code, spec] of Object.entries(member.errors)) {
    if (!errorNames.test(code) || code.startsWith("SKEIN_")) {
      throw contractInvalid(`${where} declares the error "${code}": use UPPER_SNAKE, not starting with SKEIN_`);
    }
    if (spec.status !== undefined && !(Number.isInteger(spec.status) && spec.status >= 400 && spec.status <= 599)) {
      throw contractInvalid(`${where} gives the error ${code} the status ${spec.status}: use 400 to 599`);
    }
  }
  checkBytes(where, member);
  if (member.http !== undefined) checkHttp(where, member, member.http);
}

/** The types say the same; plain JavaScript gets past them. */
function checkBytes(where: string, { kind, body, output }: Method): void {
  if (body !== undefined && !(kind === "action" || (kind === "command" && body.isRaw))) {
    throw contractInvalid(`${where} is a ${kind} with a body: bytes() is for actions, raw() for commands and actions`);
  }
  if (isBytes(output) && kind !== "query" && kind !== "action") {
    throw contractInvalid(`${where} is a ${kind} that answers bytes: downloads are for queries and actions`);
  }
}
