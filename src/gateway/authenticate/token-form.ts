/**
 * Owns what a compact token must look like before any cryptography: its parts, its header, its claims as text. It must
 * never believe any of them: their signature is not checked here.
 */
import { fromBase64Url } from "../../core/base64.ts";
import { refused } from "./refuse.ts";
import { subjectMax, tokenBytesMax } from "./limits.ts";

export const algorithms = ["EdDSA", "ES256", "RS256"] as const;
export type Algorithm = (typeof algorithms)[number];

export interface TokenHeader {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
}

export type Claims = Readonly<Record<string, unknown>>;

/** Header names that bring a key, another form, or an extension that must be understood. `x5t` names a key and is ignored. */
const refusedNames = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty", "epk", "p2s", "p2c"];

/** Reads the header and the claims. Throws `SKEIN_ACCESS_UNAUTHENTICATED`. `types` in lower case, without `application/`. */
export function readToken(token: string, types: readonly string[]): { header: TokenHeader; claims: Claims } {
  if (token.length > tokenBytesMax) throw refused("the token is too long");
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first < 1 || second < 0 || token.includes(".", second + 1)) throw refused("the token has not three parts");
  const header = readPart(token.slice(0, first), "header");
  const claims = readPart(token.slice(first + 1, second), "claims");
  decodePart(token.slice(second + 1), "signature");
  return { header: checkHeader(header, types), claims };
}

function checkHeader(header: Claims, types: readonly string[]): TokenHeader {
  for (const name of refusedNames) if (Object.hasOwn(header, name)) throw refused(`the header has ${name}`);
  const { alg, kid, typ } = header;
  if (!(algorithms as readonly unknown[]).includes(alg)) throw refused("the algorithm is not allowed");
  if (kid !== undefined && (typeof kid !== "string" || kid === "" || kid.length > subjectMax))
    throw refused("the key id is no text of a usable length");
  const type = typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : undefined;
  if (type === undefined || !types.includes(type)) throw refused("the type is not one of those expected");
  return { alg: alg as Algorithm, kid };
}

function readPart(text: string, what: string): Claims {
  const bytes = decodePart(text, what);
  let value: unknown;
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(source);
  } catch {
    // The parser's message would quote the token.
    throw refused(`the ${what} are no JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refused(`the ${what} are no object`);
  if (hasDoubleKey(source)) throw refused(`the ${what} name something twice`);
  return value as Claims;
}

/** Base64url in its only canonical form: no padding, no spare bits, nothing that a second reader could take differently. */
function decodePart(text: string, what: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (text === "" || bytes === undefined) throw refused(`the ${what} are not in base64url`);
  return bytes;
}

/** Whether the outermost object names a member twice; `source` is valid JSON. */
function hasDoubleKey(source: string): boolean {
  const seen = new Set<string>();
  let depth = 0;
  let isKey = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '"') {
      const start = i;
      for (i++; source[i] !== '"'; i++) if (source[i] === "\\") i++;
      if (!isKey || depth !== 1) continue;
      const key = JSON.parse(source.slice(start, i + 1)) as string;
      if (seen.has(key)) return true;
      seen.add(key);
      isKey = false;
    } else if (char === "{" || char === "[") {
      depth++;
      isKey = char === "{" && depth === 1;
    } else if (char === "}" || char === "]") depth--;
    else if (char === "," && depth === 1) isKey = true;
  }
  return false;
}
