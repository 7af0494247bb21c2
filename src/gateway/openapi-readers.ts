/** Owns what makes a schema one for readers of answers. It must never loosen what is sent to the gateway. */

/** A reader drops fields it does not know, so that a newer server may add some: the document must not forbid them. */
export function forReaders<T>(json: T): T {
  if (Array.isArray(json)) return json.map(forReaders) as T;
  if (typeof json !== "object" || json === null) return json;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (key !== "additionalProperties" || value !== false) copy[key] = forReaders(value);
  }
  return copy as T;
}
