/**
 * Owns which other origins' pages may call a system, as data and checked. It must never hold a pattern: an origin is allowed
 * by its whole name, or all are.
 */
import { type Duration, toMs } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";

/** Which pages of other origins may call over HTTP. Without it none may: nothing of CORS is sent. @since 0.1.0 */
export interface CorsSpec {
  /** Whole origins (`https://app.example`), or `"*"` for any page, which then comes without cookies. */
  readonly origins: readonly string[] | "*";
  /** Whether they may send cookies and certificates; never with `"*"`. */
  readonly credentials?: boolean;
  /** How long a browser may keep the answer to its question, 10 minutes unless given; at most a day. */
  readonly maxAge?: Duration;
  /** Request headers beside those that Skein and JSON need. */
  readonly headers?: readonly string[];
  /** Headers of answers that a page may read, beside those that Skein sends. */
  readonly exposed?: readonly string[];
}

/** What a system says about HTTP as a whole. @since 0.1.0 */
export interface SystemHttp {
  readonly cors?: CorsSpec;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const dayMs = 86_400_000;

/** Throws `SKEIN_SYSTEM_INVALID` for what would allow more than it says, or nothing. */
export function checkCors(name: string, { origins, credentials, maxAge, headers, exposed }: CorsSpec): void {
  const invalid = (detail: string) => skeinError("SKEIN_SYSTEM_INVALID", `${name}: http.cors: ${detail}`);
  if (origins === "*") {
    if (credentials === true) throw invalid('"*" is never with credentials: any page could act as its visitor');
  } else if (!Array.isArray(origins) || origins.length === 0) throw invalid('origins is a list, or "*"');
  else {
    for (const origin of origins as readonly unknown[]) {
      if (typeof origin !== "string" || !isOrigin(origin)) {
        throw invalid(`${JSON.stringify(origin)} is no origin: write "https://app.example", without a path or a "*"`);
      }
    }
  }
  if (maxAge !== undefined && toMs(maxAge) > dayMs) throw invalid("maxAge is at most a day");
  for (const header of [...(headers ?? []), ...(exposed ?? [])]) {
    if (!token.test(header) || header === "*") throw invalid(`${JSON.stringify(header)} is no name of a header`);
  }
}

/** Exactly as a browser writes it; `null`, which any sandboxed page has, is none. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
