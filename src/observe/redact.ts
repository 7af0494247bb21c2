/**
 * Owns finding secrets in text by their form, for what no key and no type gives away: the message of a driver, a header
 * quoted in an error. It must never take more than time linear in the text, and it is the last net, not the first.
 */
const forms: ReadonlyArray<readonly [RegExp, string]> = [
  // A password in an address: postgres://user:password@host
  [/:\/\/[^\s/?#@:]{0,128}:[^\s/?#@]{1,256}@/g, "://[redacted]@"],
  [/\b(Bearer|Basic|ApiKey)\s{1,4}[A-Za-z0-9._~+/=-]{6,}/gi, "$1 [redacted]"],
  // A JSON Web Token, or the part of one.
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}/g, "[redacted]"],
  [/\bsk_[A-Za-z0-9]{1,64}_[A-Za-z0-9_-]{20,}/g, "sk_[redacted]"],
  [/((?:token|password|passwd|secret|api[-_]?key)=)[^\s&"',;]+/gi, "$1[redacted]"],
];
/** What one of the forms needs: most texts have none of it. */
const hint = /:\/\/|bearer|basic|apikey|eyJ|sk_|=/i;

/** The text without what has the form of a secret. */
export function redactText(text: string): string {
  if (!hint.test(text)) return text;
  let clean = text;
  for (const [form, instead] of forms) clean = clean.replace(form, instead);
  return clean;
}
