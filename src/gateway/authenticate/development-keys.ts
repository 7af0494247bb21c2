/**
 * Owns the keys that a development machine makes for itself, and tokens signed with them. It must never be reached in
 * production: who opens it there is refused before.
 */
import { toBase64Url } from "../../core/base64.ts";
import { createSpanId, systemRandom } from "../../core/index.ts";
import { absolutePath, builtin } from "../../core/platform.ts";
import { badSetup } from "./refuse.ts";

export interface DevelopmentKeys {
  readonly publicKey: Readonly<Record<string, unknown>>;
  readonly privateKey: Readonly<Record<string, unknown>>;
}

/** What a development token says. @since 0.1.0 */
export interface DevelopmentClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly roles?: readonly string[];
  readonly tenant?: string;
  /** 900 unless given, at most 3,600. */
  readonly lifeSeconds?: number;
  /** Seconds since the epoch: the caller's clock. */
  readonly nowSeconds: number;
}

const fileName = "development-keys.json";

/** Reads the keys of a state directory; makes them, readable by their owner only, where there are none. */
export async function readDevelopmentKeys(home: string): Promise<DevelopmentKeys> {
  const { link, mkdir, readFile, rm, writeFile } = needed("node:fs/promises");
  const { generateKeyPairSync } = needed("node:crypto");
  const file = absolutePath(`${home}/${fileName}`);
  try {
    return JSON.parse(await readFile(file, "utf8")) as DevelopmentKeys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const pair = generateKeyPairSync("ed25519");
  const common = { kid: `development-${createSpanId(systemRandom)}`, alg: "EdDSA", use: "sig" };
  const made: DevelopmentKeys = {
    publicKey: { ...pair.publicKey.export({ format: "jwk" }), ...common },
    privateKey: { ...pair.privateKey.export({ format: "jwk" }), ...common },
  };
  await mkdir(home, { recursive: true, mode: 0o700 });
  const draft = `${file}.${createSpanId(systemRandom)}`;
  await writeFile(draft, JSON.stringify(made), { mode: 0o600, flag: "wx" });
  try {
    // Whole or not at all, and the first of two processes wins.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return JSON.parse(await readFile(file, "utf8")) as DevelopmentKeys;
}

/**
 * A token for trying a system on the machine that develops it, signed with the keys of its state directory.
 * @since 0.1.0
 */
export async function developmentToken(home: string, claims: DevelopmentClaims): Promise<string> {
  const { privateKey } = await readDevelopmentKeys(home);
  const encode = (value: object) => toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
  const iat = Math.floor(claims.nowSeconds);
  const body = {
    iss: claims.issuer,
    aud: claims.audience,
    sub: claims.subject,
    roles: claims.roles ?? [],
    ...(claims.tenant !== undefined && { tenant: claims.tenant }),
    iat,
    exp: iat + (claims.lifeSeconds ?? 900),
  };
  const text = `${encode({ alg: "EdDSA", typ: "JWT", kid: privateKey["kid"] })}.${encode(body)}`;
  const { createPrivateKey, sign } = needed("node:crypto");
  const key = createPrivateKey({ key: privateKey as import("node:crypto").JsonWebKey, format: "jwk" });
  return `${text}.${sign(null, new TextEncoder().encode(text), key).toString("base64url")}`;
}

function needed<Name extends "node:crypto" | "node:fs/promises">(name: Name) {
  const found = builtin(name);
  if (found === undefined) throw badSetup(`keys for development need ${name}, which this runtime does not have`);
  return found;
}
