/**
 * Owns API keys: made with 256 random bits, kept as hashes, compared in constant time. It must never keep or log a key.
 */
import { toBase64Url } from "../../core/base64.ts";
import { Secret, systemRandom } from "../../core/index.ts";
import { sha256 } from "../../core/sha256.ts";
import type { Authenticator, Credentials } from "../../system/index.ts";
import { credentialMax, hashesMax } from "./limits.ts";
import { looked } from "./lookup.ts";
import { badSetup, refused, schemeRest } from "./refuse.ts";

/** What a lookup knows about an API key. @since 0.1.0 */
export interface ApiKeyRecord {
  /** What `createApiKey` gave as `hash`. Several while keys are rotated: each of them is good, at most ten. */
  readonly hashes: readonly string[];
  /** As the principal's schema takes it. */
  readonly principal: unknown;
  /** When it ends: milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/** @since 0.1.0 */
export interface ApiKeyOptions {
  /** The header that carries it, `x-api-key` unless given; with `authorization`, after `ApiKey `. */
  readonly header?: string;
  /** The record of a key's id, which is no secret: look it up as it is. */
  readonly lookup: (id: string) => ApiKeyRecord | undefined | Promise<ApiKeyRecord | undefined>;
}

/** A new API key. @since 0.1.0 */
export interface ApiKey {
  /** Finds the record; not a secret. */
  readonly id: string;
  /** What the caller is given, once: `sk_<id>_<secret>`. */
  readonly key: string;
  /** What is kept. */
  readonly hash: string;
}

const form = /^sk_([A-Za-z0-9]{1,64})_([A-Za-z0-9_-]{43,128})$/;

/** Makes a key of 256 random bits; with `id`, another key of the same record, for rotation. @since 0.1.0 */
export function createApiKey(id: string = idOf(systemRandom.bytes(9))): ApiKey {
  const key = `sk_${id}_${toBase64Url(systemRandom.bytes(32))}`;
  if (!form.test(key)) throw badSetup("the id of an API key has 1 to 64 letters and digits");
  return { id, key, hash: hashApiKey(key) };
}

/** The SHA-256 of a whole key. Enough for 256 random bits; never for a password. @since 0.1.0 */
export function hashApiKey(key: string): string {
  return sha256(key);
}

/** Keys of programs. Errors: `SKEIN_ACCESS_UNAVAILABLE` when the lookup fails. @since 0.1.0 */
export function apiKey(options: ApiKeyOptions): Authenticator {
  const header = (options.header ?? "x-api-key").toLowerCase();
  const isScheme = header === "authorization";
  return Object.freeze({
    name: "apiKey",
    ...(isScheme && { challenge: "ApiKey" }),
    scheme: Object.freeze({ type: "apiKey", in: "header", name: header }),
    open: ({ clock }) => {
      // Hashed when a gateway opens this, not on import.
      const absent = hashApiKey("nobody has this key");
      const verify = async (key: string): Promise<unknown> => {
        const id = key.length > credentialMax ? undefined : form.exec(key)?.[1];
        if (id === undefined) throw refused("the API key has not the form of one");
        const record = await looked(() => options.lookup(id));
        if (!isOneOf(hashApiKey(key), record?.hashes ?? [], absent)) throw refused("the API key is not known");
        if (record?.expiresAt !== undefined && record.expiresAt <= clock.now())
          throw refused("the API key has expired");
        return record?.principal;
      };
      return Promise.resolve({
        authenticate(request: Credentials) {
          const value = request.header(header);
          const key = isScheme ? schemeRest(value, "ApiKey") : value;
          return key === undefined ? undefined : verify(key);
        },
      });
    },
  } satisfies Authenticator);
}

/** Compares with every hash, and with one when there is none: the time tells neither which, nor whether there is one. */
function isOneOf(hash: string, known: readonly string[], absent: string): boolean {
  const given = new Secret(hash);
  let found = false;
  for (const one of known.length === 0 ? [absent] : known.slice(0, hashesMax)) if (given.equals(one)) found = true;
  return found && known.length > 0;
}

function idOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
