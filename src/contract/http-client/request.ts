/**
 * Owns one request and the reading of its answer. It must never decide whether to send another one, never read more of an
 * answer than the limit, and never send credentials anywhere but to the base URL's origin.
 */
import { isSkeinError, type SkeinError, skeinError } from "../../errors/index.ts";
import type { SentBody } from "./body.ts";
import { type Settings, setup } from "./client-options.ts";
import type { Target } from "./encode.ts";
import type { Lifetime } from "./lifetime.ts";
import { problemBytesMax } from "./limits.ts";
import { withHead } from "./reply-head.ts";
import { fromProblem, revive, strangeAnswer } from "./problem.ts";
import { type Failure, networkFailure, retryAfterMs } from "./retries.ts";

/** What one attempt sends. */
export interface Outgoing {
  readonly url: string;
  readonly verb: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestInit["body"] | undefined;
  /** Where the body is the caller's bytes. */
  readonly sent: SentBody | undefined;
}

/** An attempt that failed; thrown between the files of the client and never to its caller. */
export class AttemptFailed extends Error implements Failure {
  readonly error: SkeinError;
  readonly retryAfterMs: number;

  constructor(error: SkeinError, waitMs = 0) {
    super();
    this.error = error;
    this.retryAfterMs = waitMs;
  }
}

/** Sends a request and gives its answer's head when that is a success. Throws `AttemptFailed`, or what `token()` threw. */
export async function send(settings: Settings, target: Target, out: Outgoing, life: Lifetime): Promise<Response> {
  const headers = await life.run(headersOf(settings, out));
  let response: Response;
  try {
    response = await life.run(
      settings.fetch(out.url, {
        method: out.verb,
        headers,
        // Another origin must not get the credentials, and a redirected POST may be sent twice.
        redirect: "manual",
        signal: life.signal,
        ...(out.body !== undefined && { body: out.body }),
        // The one word by which a platform takes a body that is a stream.
        ...(out.sent?.isStream === true && { duplex: "half" }),
        ...(settings.credentials !== undefined && { credentials: settings.credentials }),
      }),
    );
  } catch (thrown) {
    throw toFailed(thrown, target);
  }
  const isRedirect = target.reply?.redirects === true && response.status >= 301 && response.status <= 308;
  if ((response.status >= 200 && response.status <= 299) || isRedirect) return response;
  throw await failureOf(settings, target, response, life);
}

/** The value of a successful answer. Throws `AttemptFailed`. */
export async function readReply(
  settings: Settings,
  target: Target,
  response: Response,
  life: Lifetime,
): Promise<unknown> {
  const text = await readText(target, response, settings.responseBytesMax, life);
  if (text === "") return withHead(target, response, undefined);
  const { isRepeatable } = target;
  if (!isJson(response)) {
    const type = response.headers.get("content-type") ?? "no content type";
    throw new AttemptFailed(strangeAnswer(`${response.status} with ${type} instead of JSON`, response, isRepeatable));
  }
  return withHead(target, response, revive(target.answer, parse(text, response, isRepeatable)));
}

/** Lets go of an answer that nobody reads. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

/** A failed wait for the network, as a failed attempt; what ended the lifetime stays what it is. */
export function toFailed(thrown: unknown, target: Target): AttemptFailed {
  if (thrown instanceof AttemptFailed) return thrown;
  return new AttemptFailed(isSkeinError(thrown) ? thrown : networkFailure(thrown, target.isRepeatable));
}

async function headersOf(settings: Settings, out: Outgoing): Promise<Headers> {
  const { token, headers } = settings;
  const given = typeof headers === "function" ? await headers() : headers;
  const bearer = typeof token === "function" ? await token() : token;
  try {
    const all = new Headers(given);
    if (bearer !== undefined) all.set("authorization", `Bearer ${bearer}`);
    for (const [name, value] of Object.entries(out.headers)) all.set(name, value);
    return all;
  } catch (error) {
    // Not the value: it may be a credential.
    throw new AttemptFailed(setup("a header has a name or a value that cannot be sent", error));
  }
}

async function failureOf(
  settings: Settings,
  target: Target,
  response: Response,
  life: Lifetime,
): Promise<AttemptFailed> {
  const { isRepeatable } = target;
  const waitMs = retryAfterMs(response.headers.get("retry-after"), settings.clock);
  if (response.type === "opaqueredirect" || (response.status >= 300 && response.status <= 399)) {
    discard(response);
    return new AttemptFailed(strangeAnswer("the server redirects to another place", response, isRepeatable));
  }
  let problem: unknown;
  if (isJson(response)) {
    const text = await readText(target, response, problemBytesMax, life);
    problem = parse(text, response, isRepeatable);
  } else {
    discard(response);
  }
  const error = fromProblem(problem, target) ?? strangeAnswer(`status ${response.status}`, response, isRepeatable);
  return new AttemptFailed(error, waitMs);
}

function isJson(response: Response): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.headers.get("content-type") ?? "");
}

function parse(text: string, response: Response, isRepeatable: boolean): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AttemptFailed(strangeAnswer(`${response.status} with JSON that is broken`, response, isRepeatable));
  }
}

async function readText(target: Target, response: Response, bytesMax: number, life: Lifetime): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const tooLarge = (): AttemptFailed =>
    new AttemptFailed(skeinError("SKEIN_CLIENT_TOO_LARGE", `the answer has more than ${bytesMax} bytes`));
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (let next = await life.run(reader.read()); !next.done; next = await life.run(reader.read())) {
      bytes += next.value.byteLength;
      if (bytes > bytesMax) throw tooLarge();
      text += decoder.decode(next.value, { stream: true });
    }
    return text + decoder.decode();
  } catch (thrown) {
    reader.cancel().catch(() => undefined);
    throw toFailed(thrown, target);
  }
}
