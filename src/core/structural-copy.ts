/**
 * The deep copy that isolates caller from callee, over the declared value set only: null, booleans, finite numbers,
 * strings, bigints, valid Dates, Uint8Arrays, dense arrays and plain objects.
 * Must never share a reference with its source.
 */

/** Containers inside containers at most; one more is refused, and a cycle always is. */
const depthMax = 64;
/** Containers in one value at most, or a few shared references could unfold into work without end. */
const containersMax = 1_000_000;

/**
 * A value outside the value set. `path` says where (`$.items[2].price`), `found` says what (`"function"`, `"Map"`, `"NaN"`).
 * @since 0.1.0
 */
export class ValueSetError extends TypeError {
  static {
    this.prototype.name = "ValueSetError";
  }

  readonly path: string;
  readonly found: string;

  constructor(path: string, found: string) {
    super(`${path} is outside the value set: found ${found}`);
    this.path = path;
    this.found = found;
  }
}

/** What is thrown inside, so that the path is put together only when something is refused, and never on the way in. */
class Refusal extends Error {
  readonly found: string;
  /** Innermost first. */
  readonly keys: (string | number)[] = [];
  readonly containers: object[] = [];
  /** What was one level too deep. */
  readonly deepest: object | undefined;

  constructor(found: string, deepest?: object) {
    super();
    this.found = found;
    this.deepest = deepest;
  }
}

/** Digits of a bigint at most: turning longer ones into text and back would hold the event loop. */
const bigintDigitsMax = 4_096;
const bigintLimit = 10n ** BigInt(bigintDigitsMax);

const tooDeep = `more than ${depthMax} levels`;
const arrayPrototype = Array.prototype as object;
const objectPrototype = Object.prototype as object;
const datePrototype = Date.prototype as object;
const bytesPrototype = Uint8Array.prototype as object;
/** Node's Buffer is copied to a plain Uint8Array; elsewhere there is none, and nothing has this prototype. */
const bufferPrototype = (globalThis as { Buffer?: { prototype: object } }).Buffer?.prototype ?? {};
const descriptorOf = Object.getOwnPropertyDescriptor;

type Fields = Record<string, unknown>;
/** What one copy may still do. */
interface Budget {
  containers: number;
}

/**
 * A deep copy that shares nothing with `value`. A top-level `undefined` stays. Dropped, because they are not fields:
 * properties that are `undefined`, not enumerable or keyed by a symbol, and named properties of an array.
 * An accessor is read once and becomes a value. A Buffer becomes a Uint8Array. A reference that occurs twice is copied twice.
 * @throws ValueSetError for anything outside the value set, a key named `__proto__`, `constructor` or
 * `prototype`, a cycle, more than 64 levels, or more than 1,000,000 containers.
 * @since 0.1.0
 */
export function copyValue<T>(value: T): T {
  if (value === undefined) return value;
  try {
    return copy(value, 0, { containers: containersMax }) as T;
  } catch (error) {
    throw error instanceof Refusal ? explain(error) : error;
  }
}

function copy(value: unknown, depth: number, budget: Budget): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "bigint":
      if (value >= bigintLimit || value <= -bigintLimit)
        throw new Refusal(`a bigint of more than ${bigintDigitsMax} digits`);
      return value;
    case "number":
      if (value - value !== 0) throw new Refusal(String(value));
      return value;
    case "object":
      return value === null ? null : copyObject(value, depth, budget);
    default:
      throw new Refusal(typeof value);
  }
}

function copyObject(value: object, depth: number, budget: Budget): unknown {
  if (depth > depthMax) throw new Refusal(tooDeep, value);
  if (--budget.containers < 0) throw new Refusal(`more than ${containersMax} containers`);
  const prototype = Object.getPrototypeOf(value) as object | null;
  // An object without a prototype becomes a plain one, as it would on its way through text.
  if (prototype === objectPrototype || prototype === null) return copyFields(value as Fields, depth, budget);
  if (prototype === arrayPrototype && Array.isArray(value)) return copyArray(value as unknown[], depth, budget);
  if (prototype === datePrototype) return copyDate(value);
  if (prototype === bytesPrototype || prototype === bufferPrototype) return copyBytes(value);
  throw new Refusal(nameOf(prototype));
}

function copyFields(source: Fields, depth: number, budget: Budget): Fields {
  const target: Fields = {};
  let key = "";
  try {
    // `in` reads keys and values off the object's shape, a third faster than `Object.keys`, but sees what is inherited.
    const mayInherit = isPolluted();
    for (key in source) {
      if (mayInherit && !Object.hasOwn(source, key)) continue;
      // Keys that have reached Object.prototype in other people's merges. (A Set here doubled the cost of the copy.)
      if (key === "__proto__" || key === "constructor" || key === "prototype") throw new Refusal(`the key ${key}`);
      // An accessor is read once, here, as it would be on its way into text; asking for descriptors instead in order to
      // refuse it doubled the cost of the copy.
      const value = source[key];
      if (typeof value === "string") target[key] = value; // the commonest kind, spared a call
      else if (value !== undefined) target[key] = copy(value, depth + 1, budget);
    }
    return target;
  } catch (error) {
    throw locate(error, key, source);
  }
}

/** Whether somebody has put an enumerable property on Object.prototype, which is then no field of anything. */
function isPolluted(): boolean {
  for (const _ in objectPrototype) return true;
  return false;
}

function copyArray(source: unknown[], depth: number, budget: Budget): unknown[] {
  const length = source.length;
  let i = 0;
  try {
    const target: unknown[] = [];
    for (; i < length; i++) {
      const item = source[i];
      if (item === undefined) throw new Refusal(i in source ? "undefined" : "a hole");
      target.push(copy(item, depth + 1, budget));
    }
    return target;
  } catch (error) {
    throw locate(error, i, source);
  }
}

function copyDate(source: object): Date {
  let ms: number;
  try {
    ms = Date.prototype.getTime.call(source);
  } catch {
    throw new Refusal("an object with Date's prototype");
  }
  if (Number.isNaN(ms)) throw new Refusal("invalid Date");
  return new Date(ms);
}

function copyBytes(source: object): Uint8Array {
  try {
    if (ArrayBuffer.isView(source)) return new Uint8Array(source as Uint8Array);
  } catch {
    throw new Refusal("detached Uint8Array");
  }
  throw new Refusal("an object with Uint8Array's prototype");
}

/** Adds one level to the path while a refusal passes on its way out. */
function locate(error: unknown, key: string | number, container: object): unknown {
  if (error instanceof Refusal) {
    error.keys.push(key);
    error.containers.push(container);
  }
  return error;
}

function explain(refusal: Refusal): ValueSetError {
  const keys = refusal.keys.reverse();
  const path = refusal.containers.reverse();
  if (refusal.deepest === undefined) return new ValueSetError(render(keys), refusal.found);
  // Too deep: was it a container inside itself? Then name where it comes round the first time.
  path.push(refusal.deepest);
  const seen = new Set<object>();
  const again = path.findIndex((container) => seen.size === seen.add(container).size);
  return again < 0
    ? new ValueSetError(render(keys), refusal.found)
    : new ValueSetError(render(keys.slice(0, again)), "a cycle");
}

function render(keys: readonly (string | number)[]): string {
  let text = "$";
  for (const key of keys) {
    if (typeof key === "number") text += `[${key}]`;
    else text += /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** The class of a refused object, without running an accessor of it. */
function nameOf(prototype: object): string {
  const made: unknown = descriptorOf(prototype, "constructor")?.value;
  return typeof made === "function" && made.name !== "" ? made.name : "an object with a prototype of its own";
}
