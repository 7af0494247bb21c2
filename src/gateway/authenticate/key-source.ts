/**
 * Owns where an issuer's public keys come from: an address, a file, a value. It must never follow a redirect, read more
 * than a bounded answer, or go over a network without TLS.
 */
import { absolutePath, builtin } from "../../core/platform.ts";
import type { AuthenticatorContext } from "../../system/index.ts";
import { readDevelopmentKeys } from "./development-keys.ts";
import { keysBytesMax, keysFetchMs } from "./limits.ts";
import { badSetup } from "./refuse.ts";

/** A JSON Web Key Set (RFC 7517). @since 0.1.0 */
export interface JwkSet {
  readonly keys: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

/**
 * Where an issuer's public keys are: at an `https:` address (`http:` only on this machine), in a file, or given. `env`
 * names an environment variable with an address or a path; outside production a missing one stands for keys that are
 * made in the state directory.
 * @since 0.1.0
 */
export type JwtKeys =
  | { readonly jwks: string }
  | { readonly file: string }
  | { readonly set: JwkSet }
  | { readonly env: string };

/** Gives the set anew each time; `isFixed` when it cannot change. */
export interface KeySource {
  readonly isFixed: boolean;
  /** Must be there at the start: what only an operator can repair is said then, and not by the first request. */
  readonly isLocal: boolean;
  load(): Promise<unknown>;
}

/** Throws `SKEIN_ACCESS_SETUP`. */
export function toKeySource(keys: JwtKeys, context: AuthenticatorContext): KeySource {
  if ("set" in keys) return { isFixed: true, isLocal: true, load: () => Promise.resolve(keys.set) };
  if ("jwks" in keys) return fromAddress(keys.jwks, context);
  if ("file" in keys) return fromFile(keys.file);
  const given = context.env[keys.env];
  if (given !== undefined && given !== "") {
    return /^https?:\/\//i.test(given) ? fromAddress(given, context) : fromFile(given);
  }
  if (context.mode === "production") {
    throw badSetup(`${keys.env} must hold the address of the issuer's keys (https://...), or a file's path`);
  }
  return {
    isFixed: true,
    isLocal: true,
    load: async () => ({ keys: [(await readDevelopmentKeys(context.home)).publicKey] }),
  };
}

function fromFile(name: string): KeySource {
  const file = absolutePath(name);
  const files = builtin("node:fs/promises");
  if (files === undefined) throw badSetup(`there are no files here to read ${file} from: give "set" or "jwks"`);
  return {
    isFixed: false,
    isLocal: true,
    load: async () => {
      const text = await files.readFile(file, "utf8");
      if (text.length > keysBytesMax) throw new Error(`the keys in ${file} are larger than ${keysBytesMax} bytes`);
      return JSON.parse(text) as unknown;
    },
  };
}

function fromAddress(address: string, context: AuthenticatorContext): KeySource {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isNear = url !== undefined && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url === undefined || !(url.protocol === "https:" || (url.protocol === "http:" && isNear))) {
    throw badSetup("the address of an issuer's keys begins with https:// (http:// only on this machine)");
  }
  return { isFixed: false, isLocal: false, load: () => fetchKeys(url, context) };
}

async function fetchKeys(url: URL, { clock }: AuthenticatorContext): Promise<unknown> {
  const given = new AbortController();
  const timer = clock.after(keysFetchMs, () => given.abort(new Error(`no keys within ${keysFetchMs} ms`)), {
    unref: true,
  });
  try {
    const response = await fetch(url, {
      redirect: "error",
      signal: given.signal,
      headers: { accept: "application/json, application/jwk-set+json" },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the keys were answered with ${response.status}`);
    }
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of response.body ?? []) {
      size += part.length;
      if (size > keysBytesMax) throw new Error(`the keys are larger than ${keysBytesMax} bytes`);
      parts.push(part);
    }
    return JSON.parse(await new Blob(parts as Uint8Array<ArrayBuffer>[]).text()) as unknown;
  } finally {
    timer.cancel();
    given.abort();
  }
}
