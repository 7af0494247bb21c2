/**
 * Owns putting fields of a reply where the contract maps them: status, headers, cookies. It must never send a value that
 * could end a header early or lead a browser to another scheme, and never show one that it refuses.
 */
import type { HttpReply, ReplyCookie } from "../contract/index.ts";
import { isRedirect, mustBeSecure, repliedFields } from "../contract/shapes.ts";
import { toMs } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";
import { replyCookieMax, replyHeaderMax } from "./limits.ts";

/** A reply with its mapped fields in their places. */
export interface MappedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** What is left for the body. */
  readonly body: unknown;
}

/** Why a value cannot be sent, without the value. */
class Unfit extends Error {}

// Every visible character of Latin-1, spaces and tabs: no CR, LF, NUL or other control.
const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;
const cookieText = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const entityTag = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
const opaqueTag = /^[\x21\x23-\x7e]+$/;
// oxlint-disable-next-line no-control-regex -- they are what must not be there
const unsafeInLocation = /[\0-\x20\\\x7f]/;
const httpDates = new Set(["last-modified", "expires", "sunset", "deprecation"]);

/** The mapping of one route; made once, when the gateway starts. */
export class ReplyMap {
  readonly #id: string;
  readonly #status: number;
  readonly #reply: HttpReply;
  readonly #fields: ReadonlySet<string>;
  readonly #headers: ReadonlyArray<readonly [header: string, field: string]>;

  /** `status` is the declared one, which holds where no field chooses another. */
  constructor(id: string, status: number, reply: HttpReply) {
    this.#id = id;
    this.#status = status;
    this.#reply = reply;
    this.#fields = new Set(repliedFields(reply));
    this.#headers = Object.entries(reply.headers ?? {}).map(([name, field]) => [name.toLowerCase(), field] as const);
  }

  /**
   * `isSecure`: cookies are for HTTPS only, unless their contract says otherwise. Throws `SKEIN_OUTPUT_INVALID` for a value that cannot be where the
   * contract wants it; the message never shows it.
   */
  apply(reply: unknown, isSecure: boolean): MappedReply {
    const fields = isRecord(reply) ? reply : {};
    const headers: Record<string, string | readonly string[]> = {};
    for (const [name, field] of this.#headers) {
      const value = fields[field];
      if (value === undefined || value === null) continue;
      headers[name] = this.#fit(field, `the header ${name}`, () => headerValue(name, value));
    }
    const cookies = Object.entries(this.#reply.cookies ?? {}).map(([name, cookie]) =>
      this.#fit(cookie.field, `the cookie ${name}`, () => cookieLine(name, cookie, fields[cookie.field], isSecure)),
    );
    if (cookies.length > 0) headers["set-cookie"] = cookies;
    const status = this.#statusOf(fields);
    if (isRedirect(status) && headers["location"] === undefined) {
      throw this.#unfit("location", "the header location", "a redirect must say where to");
    }
    return { status, headers, body: isRedirect(status) ? undefined : this.#rest(reply) };
  }

  #statusOf(fields: Readonly<Record<string, unknown>>): number {
    const { status } = this.#reply;
    if (status === undefined) return this.#status;
    const value = fields[status.field];
    const key = value === undefined || typeof value === "object" ? "null" : `${value as string | number | boolean}`;
    return Object.hasOwn(status.is, key) ? (status.is[key] as number) : this.#status;
  }

  #rest(reply: unknown): unknown {
    if (!isRecord(reply)) return reply;
    return Object.fromEntries(Object.entries(reply).filter(([name]) => !this.#fields.has(name)));
  }

  #fit(field: string, place: string, make: () => string): string {
    try {
      return make();
    } catch (error) {
      if (error instanceof Unfit) throw this.#unfit(field, place, error.message);
      throw error;
    }
  }

  #unfit(field: string, place: string, why: string): Error {
    return skeinError("SKEIN_OUTPUT_INVALID", `the field "${field}" of ${this.#id}'s reply cannot be ${place}: ${why}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function headerValue(name: string, value: unknown): string {
  const text =
    name === "location" ? location(value) : name === "etag" ? etag(textOf(value, name)) : textOf(value, name);
  if (!headerText.test(text)) throw new Unfit("it has a character that no header can carry");
  if (text.length > replyHeaderMax) throw new Unfit(`it is longer than ${replyHeaderMax} characters`);
  return text;
}

function textOf(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value instanceof Date) return httpDates.has(name) ? value.toUTCString() : value.toISOString();
  throw new Unfit("it is neither text, a number, a truth value nor an instant");
}

/** A version becomes an entity tag; one that is a tag already stays. */
function etag(text: string): string {
  if (entityTag.test(text)) return text;
  if (!opaqueTag.test(text)) throw new Unfit("it is no entity tag");
  return `"${text}"`;
}

/** A path of this host, or an absolute address of http or https. What is not ASCII is percent-encoded. */
function location(value: unknown): string {
  if (typeof value !== "string") throw new Unfit("it is no text");
  if (unsafeInLocation.test(value) || !value.isWellFormed()) throw new Unfit("it has a character that no address has");
  // Two slashes would name another host, which a handler that means a path does not expect.
  const isPath = value.startsWith("/") && !value.startsWith("//");
  if (!isPath && !(/^https?:\/\/[^/]/i.test(value) && URL.canParse(value))) {
    throw new Unfit("it is neither a path nor an address of http or https");
  }
  return value.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
}

function cookieLine(name: string, cookie: ReplyCookie, value: unknown, isSecure: boolean): string {
  const isCleared = value === undefined || value === null;
  const text = isCleared ? "" : textOf(value, name);
  if (!cookieText.test(text)) throw new Unfit("it has a character that no cookie can carry");
  if (name.length + text.length > replyCookieMax) throw new Unfit(`it is longer than ${replyCookieMax} characters`);
  const parts = [`${name}=${text}`, `Path=${cookie.path ?? "/"}`];
  if (cookie.domain !== undefined) parts.push(`Domain=${cookie.domain}`);
  if (isCleared) parts.push("Max-Age=0");
  else if (cookie.maxAge !== undefined) parts.push(`Max-Age=${Math.floor(toMs(cookie.maxAge) / 1_000)}`);
  if (cookie.httpOnly !== false) parts.push("HttpOnly");
  if (mustBeSecure(name, cookie) || (cookie.secure ?? isSecure)) parts.push("Secure");
  const sameSite = cookie.sameSite ?? "lax";
  parts.push(`SameSite=${sameSite[0]?.toUpperCase() ?? ""}${sameSite.slice(1)}`);
  return parts.join("; ");
}
