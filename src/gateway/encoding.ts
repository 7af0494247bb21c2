/**
 * Owns whole answers that may be known already (ETag) or sent smaller (compression), and which encodings a body may come in.
 * It must never compress a secret beside what a stranger can choose, and never change what an answer says.
 */
import { sha256 } from "../core/sha256.ts";
import type { BodyEncoding, Encoding, Exchange, Headers } from "./exchange.ts";
import { compressBytesMin } from "./limits.ts";
import { matches } from "./preconditions.ts";

const bodyEncodings: ReadonlySet<string> = new Set(["br", "gzip", "deflate"]);

/** One encoding that bodies may come in: a list of them is two, whoever decodes first. */
export function isBodyEncoding(text: string): text is BodyEncoding {
  return bodyEncodings.has(text);
}

/**
 * Answers with a text. `isConditional`: it carries an ETag, and a client that has it already is answered 304. Returns a
 * promise only where the text is being compressed.
 */
export function sendText(
  exchange: Exchange,
  status: number,
  headers: Headers,
  text: string,
  isConditional: boolean,
): Promise<void> | void {
  // `slice` keeps 132 bits: what is told apart here is one resource's versions.
  const etag = isConditional ? (textOf(headers["etag"]) ?? `"${sha256(text).slice(0, 22)}"`) : undefined;
  // A shorter text than its limit in characters is shorter in bytes, or as good as.
  const isLarge = text.length >= compressBytesMin && exchange.compresses;
  if (!isLarge && etag === undefined) return exchange.send(status, headers, text);
  const all: Record<string, string | number | readonly string[]> = { ...headers };
  if (etag !== undefined) all["etag"] = etag;
  if (isLarge) all["vary"] = withVary(headers["vary"], "accept-encoding");
  if (etag !== undefined && isKnown(exchange, etag)) return exchange.send(304, knownHeaders(all));
  const encoding =
    isLarge && maySqueeze(exchange, headers) ? chooseEncoding(exchange.header("accept-encoding")) : undefined;
  const squeezed = encoding === undefined ? undefined : exchange.compress(encoding, text);
  if (encoding === undefined || squeezed === undefined) return exchange.send(status, all, text);
  // The same bytes need not come out of another version of the library: the tag says "the same content" only.
  if (etag?.startsWith('"') === true) all["etag"] = `W/${etag}`;
  all["content-encoding"] = encoding;
  return squeezed.then((bytes) => exchange.send(status, all, bytes));
}

/**
 * BREACH: whoever can make a browser ask with its cookies, choose a part of the answer and see its length, guesses the rest
 * of it letter by letter. Another site's page can do the first only with what a browser sends by itself.
 */
function maySqueeze(exchange: Exchange, headers: Headers): boolean {
  if (headers["set-cookie"] !== undefined) return false;
  const isAmbient = exchange.header("cookie") !== undefined || exchange.clientCertificate() !== undefined;
  // No page can set this header, and no browser says it of another site's request.
  return !isAmbient || exchange.header("sec-fetch-site") === "same-origin";
}

function isKnown(exchange: Exchange, etag: string): boolean {
  const known = exchange.header("if-none-match");
  return known !== undefined && matches(known, etag, false);
}

/** What a 304 repeats: all but what describes a body. */
function knownHeaders(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== "content-type" && name !== "content-length"),
  );
}

function textOf(value: Headers[string] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Adds a name to a `Vary`, once. */
export function withVary(vary: Headers[string] | undefined, name: string): string {
  const given = typeof vary === "string" ? vary : "";
  const names = given.split(",").map((one) => one.trim().toLowerCase());
  if (names.includes("*") || names.includes(name)) return given;
  return given === "" ? name : `${given}, ${name}`;
}

/**
 * The encoding that a client likes best of those there are, br before gzip where it likes both the same; none where it
 * likes the plain text better (RFC 9110, 12.5.3).
 */
export function chooseEncoding(accepted: string | undefined): Encoding | undefined {
  if (accepted === undefined) return undefined;
  if (accepted === "gzip, deflate, br" || accepted === "gzip, deflate, br, zstd") return "br";
  const weights = new Map<string, number>();
  for (const part of accepted.slice(0, acceptMax).split(",")) {
    const [name = "", ...parameters] = part
      .toLowerCase()
      .split(";")
      .map((one) => one.trim());
    const weight = parameters.find((one) => one.startsWith("q="))?.slice(2) ?? "1";
    // What is no weight is read as "not": an answer that everybody can read is never wrong.
    weights.set(name, /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0);
  }
  const others = weights.get("*") ?? 0;
  const weightOf = (name: string) => weights.get(name) ?? others;
  const best = weightOf("gzip") > weightOf("br") ? "gzip" : "br";
  const plain = weights.get("identity") ?? 0;
  return weightOf(best) > 0 && weightOf(best) >= plain ? best : undefined;
}

/** More than any client has encodings for. */
const acceptMax = 256;
