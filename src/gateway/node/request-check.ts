/**
 * Owns the checks of a request's head before anything believes it: one Host, sizes, agreement of target and Host. It must
 * never read the body.
 */
import type { IncomingMessage } from "node:http";
import { skeinError } from "../../errors/index.ts";
import { headersMax, targetMax } from "../limits.ts";
import { badRequest } from "../target.ts";

/** What may not be said twice, because two readers could take different ones. Node joins or drops repeats in silence. */
const single = new Set([
  "host",
  "content-length",
  "content-type",
  "content-encoding",
  "idempotency-key",
  "authorization",
]);

/** Lengths of those names as bits: most names of a request need no closer look. */
const singleLengths = [...single].reduce((bits, name) => bits | (1 << name.length), 0);

/**
 * The target in origin form (`/path?query`) or `*`. Throws `SKEIN_HTTP_BAD_REQUEST`, `SKEIN_HTTP_HEADERS` or
 * `SKEIN_HTTP_TARGET`.
 */
export function checkHead(request: IncomingMessage): string {
  const raw = request.rawHeaders;
  if (raw.length > headersMax * 2)
    throw skeinError("SKEIN_HTTP_HEADERS", `the request has more than ${headersMax} headers`);
  let seen = "";
  for (let i = 0; i < raw.length; i += 2) {
    const given = raw[i] as string;
    // x_user and x-user are one name to many readers behind a gateway, and two to others.
    if (given.includes("_")) throw badRequest("a header name has an underscore");
    if (given.length > 31 || (singleLengths & (1 << given.length)) === 0) continue;
    const name = given.toLowerCase();
    if (!single.has(name)) continue;
    if (seen.includes(` ${name};`)) throw badRequest(`the request has two ${name} headers`);
    seen += ` ${name};`;
  }
  if (request.httpVersionMajor < 1) throw badRequest("the request line names no version");
  // Node takes any list that ends in chunked; what stands before it two readers could frame differently.
  const coding = request.headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked")
    throw badRequest("the only transfer coding is chunked");
  const host = request.headers.host;
  if (host === undefined || !/^[A-Za-z0-9.\-_:[\]]+$/.test(host))
    throw badRequest("the request has no usable Host header");
  return originForm(request.url ?? "", host);
}

function originForm(target: string, host: string): string {
  if (target.length > targetMax) throw skeinError("SKEIN_HTTP_TARGET");
  if (target.startsWith("/") || target === "*") return target;
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  if (absolute === null) throw badRequest("the target is neither a path nor an address");
  const [, authority = "", rest = ""] = absolute;
  if (authority.toLowerCase() !== host.toLowerCase())
    throw badRequest("the target names another host than the Host header");
  return rest.startsWith("/") ? rest : `/${rest}`;
}
