/**
 * Owns the names of a certificate (subjectAltName) as Node writes them. It must never guess: what cannot be read in one way
 * only is no name.
 */

/** Values by kind: `URI`, `DNS`, `IP Address`. */
export type Names = Readonly<Record<string, readonly string[]>>;

/**
 * Node's text is `DNS:a.example, URI:"spiffe://x, y"`: a value that could end early is quoted as JSON. Anything that does
 * not parse to its last character gives no names at all.
 */
export function namesOf(text: string | undefined): Names {
  // Kinds are the certificate's author's to choose only among OpenSSL's; still no object with a prototype.
  const names = Object.create(null) as Record<string, string[]>;
  if (text === undefined) return Object.freeze(names);
  const entry = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text);
    if (match === null) return Object.freeze(Object.create(null) as Record<string, string[]>);
    const [, kind = "", value = ""] = match;
    (names[kind] ??= []).push(value.startsWith('"') ? (JSON.parse(value) as string) : value);
  }
  return Object.freeze(names);
}
