/**
 * Owns an issuer's imported keys, by key id and algorithm, and when they are fetched again. It must never let a token
 * cause more than one fetch per cool-down, nor use a key for another algorithm than its own.
 */
import type { CryptoKey, JWK } from "jose";
import { fromBase64Url } from "../../core/base64.ts";
import type { Clock } from "../../core/index.ts";
import type { Log } from "../../system/index.ts";
import type { KeySource } from "./key-source.ts";
import { keysCooldownMs, keysFetchMs, keysMax, keysMaxAgeMs, keysRefreshMs, rsaBitsMin } from "./limits.ts";
import { badSetup, refused } from "./refuse.ts";
import type { Algorithm, TokenHeader } from "./token-form.ts";

/** Turns a JWK into a key; `jose`, loaded when the authenticator opened. */
export type Import = (jwk: JWK, algorithm: Algorithm) => Promise<CryptoKey>;

interface Known {
  readonly algorithm: Algorithm;
  readonly key: CryptoKey;
}

export class KeyCache {
  readonly #source: KeySource;
  readonly #import: Import;
  readonly #clock: Clock;
  readonly #log: Log;
  /** A key without an id has the empty one. */
  #keys: ReadonlyMap<string, Known> = new Map();
  #loadedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;

  constructor(source: KeySource, importKey: Import, clock: Clock, log: Log) {
    this.#source = source;
    this.#import = importKey;
    this.#clock = clock;
    this.#log = log;
  }

  /** The first load. Throws `SKEIN_ACCESS_SETUP` for local keys that are not there; a network may come back. */
  async open(): Promise<void> {
    if (!this.#source.isLocal) return void (this.#loading ??= this.#load());
    try {
      await this.#read();
    } catch (error) {
      throw badSetup(`the keys of a token's issuer: ${(error as Error).message}`, error);
    }
  }

  /** The key that must have signed a token. Throws `SKEIN_ACCESS_UNAUTHENTICATED`. */
  async find(header: TokenHeader): Promise<CryptoKey> {
    let known = this.#current(header);
    if (known === undefined) {
      await this.#refresh();
      known = this.#current(header);
    } else if (!this.#source.isFixed && this.#clock.monotonic() - this.#loadedMs > keysRefreshMs) void this.#refresh();
    if (known === undefined) throw refused("the token's key is not known");
    if (known.algorithm !== header.alg) throw refused("the token's key is for another algorithm");
    return known.key;
  }

  #current({ kid }: TokenHeader): Known | undefined {
    if (!this.#source.isFixed && this.#clock.monotonic() - this.#loadedMs > keysMaxAgeMs) return undefined;
    if (kid !== undefined) return this.#keys.get(kid);
    // Without an id nothing says which one, so there must be only one.
    return this.#keys.size === 1 ? this.#keys.values().next().value : undefined;
  }

  /** At most once per cool-down, and one for all who wait. Never throws. */
  #refresh(): Promise<void> | undefined {
    // In some runtimes a fetch ends with the request that began it, and would never tell those who wait for it too.
    const isLost = this.#clock.monotonic() - this.#triedMs > keysFetchMs * 2;
    if (this.#loading !== undefined && !isLost) return this.#patiently(this.#loading);
    if (this.#source.isFixed || this.#clock.monotonic() - this.#triedMs < keysCooldownMs) return undefined;
    return (this.#loading = this.#load());
  }

  #patiently(loading: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(keysFetchMs, resolve, { unref: true });
      void loading.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  async #load(): Promise<void> {
    this.#triedMs = this.#clock.monotonic();
    try {
      await this.#read();
    } catch (error) {
      this.#log.warn("the keys of a token's issuer could not be loaded", { error });
    } finally {
      this.#loading = undefined;
    }
  }

  async #read(): Promise<void> {
    const set = (await this.#source.load()) as { keys?: unknown } | null;
    const listed: unknown = set?.keys;
    if (!Array.isArray(listed) || listed.length > keysMax)
      throw new Error(`a key set is { "keys": [...] } with at most ${keysMax} keys`);
    const keys = new Map<string, Known>();
    for (const jwk of listed as JWK[]) {
      const algorithm = algorithmOf(jwk);
      if (algorithm === undefined) continue;
      const kid = jwk.kid ?? "";
      if (typeof kid !== "string" || keys.has(kid)) throw new Error("two keys of a set have one kid");
      keys.set(kid, { algorithm, key: await this.#import(publicPart(jwk), algorithm) });
    }
    if (keys.size === 0) throw new Error("the set has no EdDSA, ES256 or RS256 key for signatures");
    this.#keys = keys;
    this.#loadedMs = this.#clock.monotonic();
  }
}

/** What a key is for, by what it is; `undefined` for one that cannot be used here (a secret one first of all). */
function algorithmOf(jwk: JWK): Algorithm | undefined {
  if (typeof jwk !== "object" || jwk === null || (jwk.use !== undefined && jwk.use !== "sig")) return undefined;
  if (jwk.key_ops !== undefined && !jwk.key_ops.includes("verify") && !jwk.key_ops.includes("sign")) return undefined;
  const found = kindOf(jwk);
  const isNamed = jwk.alg === undefined || jwk.alg === found || (found === "EdDSA" && jwk.alg === "Ed25519");
  return isNamed ? found : undefined;
}

function kindOf({ kty, crv, n }: JWK): Algorithm | undefined {
  if (kty === "OKP" && crv === "Ed25519") return "EdDSA";
  if (kty === "EC" && crv === "P-256") return "ES256";
  if (kty !== "RSA" || typeof n !== "string") return undefined;
  return (fromBase64Url(n)?.length ?? 0) * 8 >= rsaBitsMin ? "RS256" : undefined;
}

/** A set that holds private halves by mistake still gives only the public ones. */
function publicPart({ kty, crv, x, y, n, e }: JWK): JWK {
  const part = { kty, crv, x, y, n, e };
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as unknown as JWK;
}
