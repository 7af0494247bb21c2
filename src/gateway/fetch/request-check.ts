/**
 * Owns the checks of a `Request`'s head before anything believes it: sizes, names, what may be said once. It must never
 * repeat what the runtime's own server has decided already: framing, and which host a connection is for.
 */
import { skeinError } from "../../errors/index.ts";
import { headerBytesMax, headersMax, targetMax } from "../limits.ts";
import { badRequest } from "../target.ts";

/** What no comma belongs in: two values that were sent apart arrive joined by one. */
const single = ["host", "content-length", "content-encoding"];

/** The target in origin form. Throws `SKEIN_HTTP_BAD_REQUEST`, `SKEIN_HTTP_HEADERS` or `SKEIN_HTTP_TARGET`. */
export function checkHead({ headers }: Request, target: string): string {
  let count = 0;
  let size = target.length;
  for (const [name, value] of headers) {
    count++;
    size += name.length + value.length + 4;
    // x_user and x-user are one name to many readers behind a gateway, and two to others.
    if (name.includes("_")) throw badRequest("a header name has an underscore");
  }
  if (count > headersMax) throw skeinError("SKEIN_HTTP_HEADERS", `the request has more than ${headersMax} headers`);
  if (target.length > targetMax) throw skeinError("SKEIN_HTTP_TARGET");
  if (size > headerBytesMax) throw skeinError("SKEIN_HTTP_HEADERS");
  for (const name of single) {
    if (headers.get(name)?.includes(",") === true) throw badRequest(`the request has two ${name} headers`);
  }
  return target;
}

/** Path and query of an absolute address, as they are in it: a `URL` would have to be made for each request. */
export function targetOf(address: string): string {
  const scheme = address.indexOf("://");
  const slash = address.indexOf("/", scheme < 0 ? 0 : scheme + 3);
  if (slash < 0) return "/";
  const hash = address.indexOf("#", slash);
  return hash < 0 ? address.slice(slash) : address.slice(slash, hash);
}

/** The authority of an absolute address. */
export function authorityOf(address: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(address)?.[1] ?? "";
}
