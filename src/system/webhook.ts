/**
 * Owns signatures of requests between strangers: HMAC-SHA256 over a time and the exact bytes. It must never say which part
 * of a signature was wrong, and never compare by a comparison that stops early.
 */
import { toBase64Url } from "../core/base64.ts";
import { type Duration, Secret, toMs } from "../core/index.ts";
import { skeinError } from "../errors/index.ts";

/** How a webhook is signed. @since 0.1.0 */
export interface WebhookOptions {
  /**
   * The shared secret, at least 16 characters; several while it is being replaced: any of them is taken, the first one
   * signs.
   */
  readonly secret: WebhookSecret | readonly WebhookSecret[];
  /** How old, and how far ahead, the time in a signature may be; 5 minutes unless given, at most an hour. */
  readonly tolerance?: Duration;
}

type WebhookSecret = string | Secret<string>;

/** What a signature is checked against. @since 0.1.0 */
export interface SignedRequest {
  /** The exact bytes that came: `await call.body.bytes()`. */
  readonly body: Uint8Array;
  /** The value of the signature header. */
  readonly signature: string | undefined;
  /** The time it is, `call.now()`; the machine's clock is not asked. */
  readonly now: Date;
}

/** A signature that was right. @since 0.1.0 */
export interface VerifiedWebhook {
  /** When it was signed. */
  readonly signedAt: Date;
  /**
   * The same for the same request, however often it is sent, and for no other: 43 characters. Insert it under a unique
   * constraint in the command's transaction, and a captured request has one effect.
   */
  readonly nonce: string;
}

/** Signs and checks requests. @since 0.1.0 */
export interface Webhook {
  /**
   * Checks a request's signature. Rejects with `SKEIN_ACCESS_UNAUTHENTICATED` for one that is missing, malformed, made
   * with another secret, of other bytes, or too old; which of them is nobody's to know.
   */
  verify(request: SignedRequest): Promise<VerifiedWebhook>;
  /** The value of the signature header for a body: `t=1735725600,v1=<64 hexadecimal digits>`. */
  sign(request: { readonly body: Uint8Array | string; readonly now: Date }): Promise<string>;
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const toleranceMaxMs = 3_600_000;
const secretCharsMin = 16;
const secretsMax = 8;
const headerCharsMax = 1_024;
const signaturesMax = 8;
const encoder = new TextEncoder();

/**
 * Signatures of webhooks: `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hexadecimal>`, with several `v1` where the
 * sender signs with several secrets; the form that payment providers use. Runs wherever Web Crypto does. Throws
 * `SKEIN_CONFIG_INVALID` for a secret that is too short, or a tolerance of more than an hour.
 * @since 0.1.0
 */
export function webhook(options: WebhookOptions): Webhook {
  const secrets = [options.secret].flat().map((secret) => (secret instanceof Secret ? secret.reveal() : secret));
  if (secrets.length < 1 || secrets.length > secretsMax) throw invalid(`webhook: 1 to ${secretsMax} secrets`);
  if (secrets.some((secret) => typeof secret !== "string" || secret.length < secretCharsMin)) {
    throw invalid(`webhook: a secret has at least ${secretCharsMin} characters`);
  }
  const toleranceMs = toMs(options.tolerance ?? "5m");
  if (!(toleranceMs > 0 && toleranceMs <= toleranceMaxMs))
    throw invalid("webhook: tolerance is above 0 and at most 1h");
  // Made once, at the first use: a declaration may be loaded where nothing is signed.
  let keys: Promise<Key[]> | undefined;
  const keysOf = () => (keys ??= Promise.all(secrets.map(toKey)));
  return Object.freeze({
    verify: async ({ body, signature, now }: SignedRequest) => {
      const parsed = parse(signature);
      const ageMs = now.getTime() - (parsed?.seconds ?? Number.NaN) * 1_000;
      if (parsed === undefined || !(Math.abs(ageMs) <= toleranceMs)) throw refused();
      const signed = signedBytes(parsed.seconds, body);
      let isRight = false;
      // All of them, right or not: how long it takes says nothing. Web Crypto compares in constant time.
      for (const key of await keysOf()) {
        for (const given of parsed.signatures) {
          if (await crypto.subtle.verify("HMAC", key, given, signed)) isRight = true;
        }
      }
      if (!isRight) throw refused();
      return { signedAt: new Date(parsed.seconds * 1_000), nonce: await digestOf(signed) };
    },
    sign: async ({ body, now }: { readonly body: Uint8Array | string; readonly now: Date }) => {
      const seconds = Math.floor(now.getTime() / 1_000);
      const bytes = typeof body === "string" ? encoder.encode(body) : body;
      const [key] = await keysOf();
      const signature = await crypto.subtle.sign("HMAC", key as Key, signedBytes(seconds, bytes));
      return `t=${seconds},v1=${toHex(new Uint8Array(signature))}`;
    },
  });
}

interface Parsed {
  readonly seconds: number;
  readonly signatures: readonly Uint8Array<ArrayBuffer>[];
}

function parse(header: string | undefined): Parsed | undefined {
  if (typeof header !== "string" || header.length > headerCharsMax) return undefined;
  const times: number[] = [];
  const signatures: Uint8Array<ArrayBuffer>[] = [];
  for (const part of header.split(",")) {
    const [name = "", value = "", ...more] = part.trim().split("=");
    if (more.length > 0) return undefined;
    if (name === "t" && /^\d{1,12}$/.test(value)) times.push(Number(value));
    else if (name === "v1" && /^[0-9a-fA-F]{64}$/.test(value)) signatures.push(fromHex(value));
    // Another version of the signature is for another reader.
  }
  const [seconds] = times;
  const isForm = seconds !== undefined && times.length === 1 && signatures.length >= 1;
  return isForm && signatures.length <= signaturesMax ? { seconds, signatures } : undefined;
}

function signedBytes(seconds: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(`${seconds}.`);
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}

function toKey(secret: string): Promise<Key> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign", "verify"]);
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}

function refused() {
  return skeinError("SKEIN_ACCESS_UNAUTHENTICATED", "the signature is not valid");
}

function invalid(detail: string) {
  return skeinError("SKEIN_CONFIG_INVALID", detail);
}
