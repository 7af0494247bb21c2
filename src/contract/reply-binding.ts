/**
 * Owns how fields of an output become a reply's status, headers and cookies: the declaration and what it refuses. It must
 * never see a value: the gateway puts values where this says.
 */
import { type Duration, toMs } from "../core/index.ts";
import { contractInvalid } from "./invalid.ts";

/** A cookie that a reply sets from one field of the output; `null` or an absent field clears it. @since 0.1.0 */
export interface ReplyCookie {
  /** The output field that holds the value. */
  readonly field: string;
  /** How long the browser keeps it, 1 s to 365 days; until it closes unless given. */
  readonly maxAge?: Duration;
  /** `/` unless given. */
  readonly path?: string;
  /** Only the answering host unless given. */
  readonly domain?: string;
  /** `"lax"` unless given. `"none"` is sent by other sites' pages too, and always `Secure`. */
  readonly sameSite?: "strict" | "lax" | "none";
  /** Over HTTPS only. True unless given, except in development. */
  readonly secure?: boolean;
  /** Out of reach of scripts. True unless given. */
  readonly httpOnly?: boolean;
}

/** A status that one field of the output chooses. @since 0.1.0 */
export interface ReplyStatus {
  readonly field: string;
  /** The field's value as text to a status; any other value has the declared status. */
  readonly is: Readonly<Record<string, number>>;
}

/** Which fields of an output leave the body, and where they go. Callers that are no HTTP clients get the whole value. @since 0.1.0 */
export interface HttpReply {
  /** Header name to output field: `{ location: "url", etag: "version" }`. `null` or an absent field sends none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Cookie name to what it holds. */
  readonly cookies?: Readonly<Record<string, ReplyCookie>>;
  readonly status?: ReplyStatus;
}

const token = /^[A-Za-z0-9!#$%&'*+.^`|~-]+$/;
/** A cookie's name may have an underscore, which a header's may not. */
const cookieToken = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const domainName = /^\.?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

/** They belong to the connection, to the framing of the message, or to the gateway, which writes them itself. */
const refusedHeaders = new Set(
  (
    "connection keep-alive proxy-connection te trailer transfer-encoding upgrade " +
    "proxy-authenticate proxy-authorization proxy-authentication-info http2-settings " +
    "content-length content-encoding content-type content-range date host vary " +
    "x-request-id x-content-type-options x-accel-buffering strict-transport-security"
  ).split(" "),
);
const redirects = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return redirects.has(status);
}

/** Names of the fields that leave the body. */
export function repliedFields(reply: HttpReply | undefined): string[] {
  if (reply === undefined) return [];
  return [
    ...Object.values(reply.headers ?? {}),
    ...Object.values(reply.cookies ?? {}).map(({ field }) => field),
    ...(reply.status === undefined ? [] : [reply.status.field]),
  ];
}

/** Throws `SKEIN_CONTRACT_INVALID` for what no reply can be. `where` is the endpoint. */
export function checkReply(where: string, reply: HttpReply): void {
  const seen = new Set<string>();
  for (const [header, field] of Object.entries(reply.headers ?? {})) {
    const name = header.toLowerCase();
    if (!token.test(header) || seen.has(name))
      throw contractInvalid(`${where}: "${header}" is not the name of one header of its reply`);
    seen.add(name);
    if (name === "set-cookie") throw contractInvalid(`${where}: declare cookies in reply.cookies, not as a header`);
    if (refusedHeaders.has(name) || name.startsWith("access-control-"))
      throw contractInvalid(`${where}: the header "${header}" is not for a reply to set`);
    checkField(where, field);
  }
  for (const [name, cookie] of Object.entries(reply.cookies ?? {})) checkCookie(where, name, cookie);
  if (reply.status !== undefined) checkField(where, reply.status.field);
  const fields = repliedFields(reply);
  const twice = fields.find((field, i) => fields.indexOf(field) !== i);
  if (twice !== undefined) throw contractInvalid(`${where}: its reply takes the field "${twice}" twice`);
}

/** A success is 200 to 299; a redirect needs somewhere to go. */
export function checkStatus(where: string, status: number, reply: HttpReply | undefined): void {
  if (isRedirect(status)) {
    if (Object.keys(reply?.headers ?? {}).some((name) => name.toLowerCase() === "location")) return;
    throw contractInvalid(`${where} answers with status ${status}: a redirect needs reply.headers.location`);
  }
  if (!(Number.isInteger(status) && status >= 200 && status <= 299)) {
    throw contractInvalid(
      `${where} answers with status ${status}: a success is 200 to 299, a redirect 301, 302, 303, 307 or 308`,
    );
  }
}

/** Request cookies: name to input field. */
export function checkCookieNames(where: string, cookies: Readonly<Record<string, string>>): void {
  for (const [name, field] of Object.entries(cookies)) {
    if (!cookieToken.test(name)) throw contractInvalid(`${where}: "${name}" is not the name of a cookie`);
    checkField(where, field);
  }
}

/** What the name's prefix or `sameSite` makes a browser insist on, whatever the mode. */
export function mustBeSecure(name: string, cookie: ReplyCookie): boolean {
  return cookie.sameSite === "none" || /^__(?:host|secure)-/i.test(name);
}

function checkCookie(where: string, name: string, cookie: ReplyCookie): void {
  if (!cookieToken.test(name)) throw contractInvalid(`${where}: "${name}" is not the name of a cookie`);
  checkField(where, cookie.field);
  const refuse = (why: string) => contractInvalid(`${where}: the cookie "${name}" ${why}`);
  const { path, domain, sameSite } = cookie;
  if (cookie.maxAge !== undefined && !isAge(cookie.maxAge)) throw refuse("is kept between 1s and 365d");
  if (path !== undefined && !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path)) throw refuse("has a path that cannot be sent");
  if (domain !== undefined && !domainName.test(domain)) throw refuse("has a domain that is no name");
  if (sameSite !== undefined && !["strict", "lax", "none"].includes(sameSite))
    throw refuse('has a sameSite that is not "strict", "lax" or "none"');
  if (mustBeSecure(name, cookie) && cookie.secure === false) throw refuse("is refused by browsers unless it is secure");
  if (/^__host-/i.test(name) && (domain !== undefined || (path ?? "/") !== "/"))
    throw refuse('is refused by browsers: a name with "__Host-" has the path "/" and no domain');
}

function isAge(age: Duration): boolean {
  try {
    return toMs(age) >= 1_000;
  } catch {
    return false;
  }
}

function checkField(where: string, field: unknown): void {
  if (typeof field !== "string" || field === "")
    throw contractInvalid(`${where}: what http maps is named by a field of its input or output`);
}
