/** Owns names in the module that an import writes. It must never let a text of the document become code. */

const words = /[A-Za-z][a-z0-9]*|[A-Z]+(?![a-z])|[0-9]+/g;
const reserved = new Set(["then", "constructor", "prototype", "toString", "valueOf", "pick"]);
/** What the module itself uses, and words that cannot name a constant. */
const taken = ["z", "contract", "query", "action", "default", "delete", "new", "class", "function"];
/** A schema of such a name would hide what everybody knows by it. */
const globals =
  /^(Error|Date|Map|Set|Promise|Array|Object|String|Number|Boolean|Symbol|Function|RegExp|JSON|Math|URL)$/;

/** `lowerCamelCase` of any text; `fallback` when there is nothing to name it by. */
export function camel(text: string, fallback: string): string {
  const parts = text.match(words) ?? [];
  const name = parts
    .map((part, i) => (i === 0 ? lower(part) : upper(part)))
    .join("")
    .slice(0, 60);
  const safe = /^[a-z]/.test(name) ? name : `${fallback}${upper(name)}`;
  return reserved.has(safe) ? `${safe}It` : safe;
}

/** `UpperCamelCase` of any text. */
export function pascal(text: string, fallback: string): string {
  const name = camel(text, fallback);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** `UPPER_SNAKE` of any text, as errors are named. */
export function upperSnake(text: string): string {
  const name = text
    .toUpperCase()
    .replaceAll("'", "")
    .replaceAll(/[^A-Z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  return /^[A-Z]/.test(name) && !name.startsWith("SKEIN_") ? name : `ERROR_${name}`.replaceAll(/_+$/g, "");
}

/** Gives each wanted name once: the second `Pet` is `Pet2`. */
export class Names {
  readonly #taken = new Set<string>(taken);

  take(given: string): string {
    const wanted = globals.test(given) ? `${given}Value` : given;
    for (let i = 1; ; i++) {
      const name = i === 1 ? wanted : `${wanted}${i}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

/** A key of an object literal. */
export function keyText(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A text of the document as it may stand in a comment. */
export function commentText(text: string): string {
  return text
    .replaceAll("*/", "* /")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "")
    .trim()
    .slice(0, 300);
}

function lower(word: string): string {
  return /^[A-Z]+$/.test(word) ? word.toLowerCase() : word.charAt(0).toLowerCase() + word.slice(1);
}

function upper(word: string): string {
  return word.charAt(0).toUpperCase() + (/^[A-Z]+$/.test(word) ? word.slice(1).toLowerCase() : word.slice(1));
}
