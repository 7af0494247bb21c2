/** Owns the id of an item as text, for whoever goes on after it. It must never make one up. */

/** What the field of that name says, where it can be sent back; `undefined` for an item, or a method, without an id. */
export function itemId(field: string | undefined, item: unknown): string | undefined {
  if (field === undefined || typeof item !== "object" || item === null) return undefined;
  const id = (item as Record<string, unknown>)[field];
  const text = typeof id === "string" || typeof id === "number" || typeof id === "bigint" ? String(id) : "";
  // A line break would end the field of an event, and EventSource ignores an id with a NUL.
  return text === "" || /[\0\r\n]/.test(text) ? undefined : text;
}
