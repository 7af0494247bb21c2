/** Owns finding cookies in a request's header. It must never choose between two of one name: its caller refuses them. */

/** Every value of the name, in order, without the quotes that some clients put around it. */
export function cookieValues(header: string | undefined, name: string): string[] {
  const values: string[] = [];
  // Most requests have none, and most that do have few: a search is cheaper than a parse of all.
  if (header === undefined || !header.includes(name)) return values;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    values.push(value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value);
  }
  return values;
}
