/**
 * Owns what is looked at before a request's body: whose it is, that it has one reading, which method it means. It must never
 * read the body, nor say more than no to who has no token.
 */
import type { IncomingMessage } from "node:http";
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { FindOperation } from "../callee.ts";
import { httpHeadersMax, messageBytesMax } from "../limits.ts";
import type { CallHead, Operation } from "../port.ts";
import { fromHeaders, type HeadContext, headerNames } from "./head.ts";
import { isJsonType } from "./text.ts";
import { isBrowsers, type Whose } from "./whose.ts";

/** What a listener's calls have in common. */
export interface Desk extends HeadContext {
  readonly whose: Whose;
  readonly authorities: ReadonlySet<string> | undefined;
}

/** An error with another status than its code has. */
export class Refusal extends Error {
  readonly status: number;
  readonly error: SkeinError;

  constructor(status: number, error: SkeinError) {
    super();
    this.status = status;
    this.error = error;
  }
}

/** Headers that two readers could take two of. */
const single = new Set<string>([
  ...Object.values(headerNames),
  "authorization",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "transfer-encoding",
]);
const target = /^\/([a-z][a-z0-9-]*)\/([a-zA-Z][a-zA-Z0-9]*)$/;

/** Whose call it is: `""` is a host's. Throws `SKEIN_TRANSPORT_DENIED`, and then what has more than one reading. */
export function whoseCall(request: IncomingMessage, { whose, authorities }: Desk): string {
  const { headers, rawHeaders, httpVersion } = request;
  if (isBrowsers(request, authorities)) throw new Refusal(403, skeinError("SKEIN_TRANSPORT_DENIED"));
  const owner = whose(headers.authorization);
  if (owner === undefined) throw new Refusal(401, skeinError("SKEIN_TRANSPORT_DENIED"));
  if (rawHeaders.length > httpHeadersMax * 2) throw skeinError("SKEIN_HTTP_HEADERS");
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (seen.has(name) && single.has(name))
      throw skeinError("SKEIN_HTTP_BAD_REQUEST", `the request has two ${name} headers`);
    seen.add(name);
  }
  const coding = headers["transfer-encoding"];
  if (httpVersion !== "1.1" || (coding !== undefined && coding.toLowerCase() !== "chunked"))
    throw skeinError("SKEIN_HTTP_BAD_REQUEST", "a call is HTTP/1.1, and the only transfer coding is chunked");
  return owner;
}

/** The method it calls. Throws `SKEIN_CALL_NO_ROUTE` or `SKEIN_HTTP_METHOD`. */
export function operationOfCall({ method, url = "" }: IncomingMessage, find: FindOperation): Operation {
  const [, service, name = ""] = target.exec(url) ?? [];
  const operation = service === undefined ? undefined : find(service, name);
  if (operation === undefined)
    throw new Refusal(404, skeinError("SKEIN_CALL_NO_ROUTE", "no service here has this method", { retry: false }));
  if (method !== "POST") throw skeinError("SKEIN_HTTP_METHOD", "a method is called by POST");
  return operation;
}

/** Its head; a service's token is its name. Throws what `fromHeaders` throws, and `SKEIN_TRANSPORT_DENIED` for another name. */
export function headOfCall({ headers }: IncomingMessage, desk: Desk, owner: string): CallHead {
  const head = fromHeaders(headers, desk);
  if (owner === "") return head;
  if (head.caller !== undefined && head.caller !== owner)
    throw new Refusal(403, skeinError("SKEIN_TRANSPORT_DENIED", `this is the token of ${owner}`));
  return { ...head, caller: owner };
}

/** Throws `SKEIN_HTTP_BODY_TOO_LARGE` or `SKEIN_HTTP_MEDIA_TYPE` for a body that no reading could make acceptable. */
export function checkBodyHead({ headers }: IncomingMessage): void {
  const length = Number(headers["content-length"] ?? 0);
  if (length > messageBytesMax) throw skeinError("SKEIN_HTTP_BODY_TOO_LARGE");
  if ((headers["content-encoding"] ?? "identity") !== "identity")
    throw skeinError("SKEIN_HTTP_MEDIA_TYPE", "a body comes as it is, in no content coding");
  const isEmpty = length === 0 && headers["transfer-encoding"] === undefined;
  if (!isEmpty && !isJsonType(headers["content-type"] ?? ""))
    throw skeinError("SKEIN_HTTP_MEDIA_TYPE", "a body is application/json, in UTF-8");
}
