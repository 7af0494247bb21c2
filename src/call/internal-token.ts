/**
 * Owns how a principal travels between the hosts of one system: signed by a secret that only they have, for one system
 * and until one deadline, so that a service in another language can hand it back and not change it. It must never be given to a
 * caller from outside, nor carry anything but the principal.
 */
import { decodeValue, encodeValue } from "../contract/index.ts";
import type { Secret } from "../core/index.ts";
import { builtin } from "../core/platform.ts";
import { type SkeinError, skeinError } from "../errors/index.ts";

/** Longest token; a principal of more is no principal. */
const tokenBytesMax = 16_384;
const secretBytesMin = 32;
const version = "v1";

/** Signs and checks principals for one system. */
export interface InternalTokens {
  /** `deadlineMs`: wall clock, when the call must be over. Throws `SKEIN_VALUE_SET` for a principal that is too large. */
  sign(principal: unknown, deadlineMs: number): string;
  /** The principal. Throws `SKEIN_ACCESS_UNAUTHENTICATED` for anything but a token of this system that still holds. */
  verify(token: string, nowMs: number): unknown;
}

interface Content {
  readonly system: string;
  readonly until: number;
  readonly principal: unknown;
}

/** `secret` is made at each start and shared by the hosts of one system; at least 32 bytes. */
export function createInternalTokens(system: string, secret: Secret<Uint8Array>): InternalTokens {
  if (secret.reveal().length < secretBytesMin) {
    throw skeinError("SKEIN_ACCESS_SETUP", `a secret between hosts has at least ${secretBytesMin} bytes`);
  }
  const crypto = builtin("node:crypto");
  if (crypto === undefined) throw skeinError("SKEIN_RUNTIME_UNSUPPORTED", "tokens between hosts need node:crypto");
  const { createHmac, timingSafeEqual } = crypto;
  const mac = (text: string) => createHmac("sha256", secret.reveal()).update(text).digest();
  return {
    sign(principal, deadlineMs) {
      const content = encodeValue({ system, until: deadlineMs, principal } satisfies Content);
      const text = `${version}.${Buffer.from(content, "utf8").toString("base64url")}`;
      const token = `${text}.${mac(text).toString("base64url")}`;
      if (token.length > tokenBytesMax) throw skeinError("SKEIN_VALUE_SET", "the principal is too large to travel");
      return token;
    },
    verify(token, nowMs) {
      if (token.length > tokenBytesMax) throw refused("is too long");
      const end = token.lastIndexOf(".");
      const text = token.slice(0, Math.max(end, 0));
      const given = Buffer.from(token.slice(end + 1), "base64url");
      const right = mac(text);
      // The canonical form as well: one token has one text.
      const isRight =
        given.length === right.length &&
        timingSafeEqual(given, right) &&
        token.slice(end + 1) === right.toString("base64url");
      if (!isRight || !text.startsWith(`${version}.`)) throw refused("is not signed by a host of this system");
      // Signed by us, so it is what we wrote.
      const content = decodeValue(Buffer.from(text.slice(version.length + 1), "base64url").toString("utf8")) as Content;
      if (content.system !== system) throw refused("is of another system");
      if (!(nowMs < content.until)) throw refused("has ended");
      return content.principal;
    },
  };
}

function refused(what: string): SkeinError {
  return skeinError("SKEIN_ACCESS_UNAUTHENTICATED", `the internal token ${what}`);
}
