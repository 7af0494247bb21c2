/** Owns writing values as TypeScript source. It must never write anything that a name in a contract could turn into code. */

const lineMax = 110;

/** A property's key as source. */
export function keyText(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) && name !== "__proto__" ? name : JSON.stringify(name);
}

/** A JSON value as source: on one line where it fits. */
export function literal(value: unknown): string {
  const flat = flatText(value);
  if (flat.length <= lineMax || typeof value !== "object" || value === null) return flat;
  if (Array.isArray(value)) return `[\n${indent(value.map((item) => `${literal(item)},`).join("\n"))}\n]`;
  const lines = Object.entries(value).map(([key, field]) => `${keyOf(key)}: ${literal(field)},`);
  return `{\n${indent(lines.join("\n"))}\n}`;
}

export function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n");
}

function flatText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, field]) => `${keyOf(key)}: ${flatText(field)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

/** In an object literal `__proto__: x` sets the prototype; computed it is a key. */
function keyOf(name: string): string {
  return name === "__proto__" ? `["__proto__"]` : keyText(name);
}
