/**
 * Owns what a client over HTTP relies on, as data that can be kept: where an input comes from, where a reply goes. It must
 * never leave to a default what a contract does not say: a later version's may be another.
 */
import type { HttpBinding } from "../method.ts";
import type { HttpReply, ReplyCookie } from "../reply-binding.ts";

/** @since 0.1.0 */
export interface HttpPromise {
  readonly route: string;
  readonly status: number;
  /**
   * Fields of the input that are not in the path, nor among what is left for the query or the body. Absent, as all below,
   * where the file was made without.
   */
  readonly input?: {
    /** Header, in lower case, or cookie, to the field. */
    readonly headers: Readonly<Record<string, string>>;
    readonly cookies: Readonly<Record<string, string>>;
    readonly query: readonly string[];
    readonly bodyField: string | null;
  };
  /** Fields of the output that leave the body. */
  readonly reply?: {
    readonly headers: Readonly<Record<string, string>>;
    readonly cookies: Readonly<Record<string, CookiePromise>>;
    readonly status: { readonly field: string; readonly is: Readonly<Record<string, number>> } | null;
  };
  /** Whether the contract says that the key of a request counts; of what is no action it always does. */
  readonly keyed?: boolean;
}

/** @since 0.1.0 */
export interface CookiePromise {
  readonly field: string;
  readonly path: string;
  readonly domain: string | null;
  readonly sameSite: "strict" | "lax" | "none";
  readonly secure: boolean;
  readonly httpOnly: boolean;
}

const successStatus = 200;

export function toHttp({ route, status, headers, cookies, query, bodyField, reply, keyed }: HttpBinding): HttpPromise {
  return {
    route,
    status: status ?? successStatus,
    input: {
      headers: inOrder(lower(headers)),
      cookies: inOrder(cookies),
      query: (query ?? []).toSorted(),
      bodyField: bodyField ?? null,
    },
    reply: toReply(reply ?? {}),
    keyed: keyed === true,
  };
}

function toReply({ headers, cookies, status }: HttpReply): NonNullable<HttpPromise["reply"]> {
  const set = Object.entries(cookies ?? {}).map(([name, cookie]) => [name, toCookie(cookie)] as const);
  return {
    headers: inOrder(lower(headers)),
    cookies: inOrder(Object.fromEntries(set)),
    status: status === undefined ? null : { field: status.field, is: inOrder(status.is) },
  };
}

function toCookie({ field, path, domain, sameSite, secure, httpOnly }: ReplyCookie): CookiePromise {
  return {
    field,
    path: path ?? "/",
    domain: domain ?? null,
    sameSite: sameSite ?? "lax",
    secure: secure !== false,
    httpOnly: httpOnly !== false,
  };
}

function lower(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, field]) => [name.toLowerCase(), field]));
}

function inOrder<V>(record: Readonly<Record<string, V>> = {}): Record<string, V> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));
}
