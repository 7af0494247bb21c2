/**
 * Owns the parts that a plain schema is put together from: what a validator would make of a value, where that is known. It
 * must never refuse a value, and never know whose schema it is.
 */

/** The validator is to say: it may refuse the value, change it, or be a schema that is not plain. */
export const unsure: unique symbol = Symbol("unsure");

/** What is known of one schema. */
export interface Plain {
  /** What the validator would make of a value, in an object of its own, or {@link unsure}. */
  readonly make: (value: unknown) => unknown;
  /** Whether that is the value as it is, to the order of its keys; of a structural copy, or what was just decoded. */
  readonly keeps: (value: unknown) => boolean;
}

export const never: Plain = { make: () => unsure, keeps: () => false };

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** What is kept as it is, or not known. */
export function leaf(keeps: (value: unknown) => boolean): Plain {
  return { make: (value) => (keeps(value) ? value : unsure), keeps };
}

export function nullableOf(inner: Plain): Plain {
  return {
    make: (value) => (value === null ? null : inner.make(value)),
    keeps: (value) => value === null || inner.keeps(value),
  };
}

export function listOf(item: Plain, { least, most }: Bounds): Plain {
  const isList = (value: unknown): value is unknown[] =>
    Array.isArray(value) && value.length >= least && value.length <= most;
  return {
    make(value) {
      if (!isList(value)) return unsure;
      const list: unknown[] = [];
      for (let i = 0; i < value.length; i++) {
        const made = item.make(value[i]);
        if (made === unsure) return unsure;
        list.push(made);
      }
      return list;
    },
    keeps(value) {
      if (!isList(value)) return false;
      for (let i = 0; i < value.length; i++) if (!item.keeps(value[i])) return false;
      return true;
    },
  };
}

/** `known`: the keys of an object that takes no other; else others are left out. */
export function recordOf(
  names: readonly string[],
  fields: readonly Plain[],
  mayLack: readonly boolean[],
  known: ReadonlySet<string> | undefined,
): Plain {
  return {
    make(value) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return unsure;
      const given = value as Record<string, unknown>;
      const record: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        const field = given[name];
        if (field === undefined) {
          // What becomes of a field that is there and `undefined` depends on its schema.
          if (mayLack[i] === true && !(name in given)) continue;
          return unsure;
        }
        const made = (fields[i] as Plain).make(field);
        if (made === unsure) return unsure;
        record[name] = made;
      }
      if (known !== undefined) for (const name in given) if (!known.has(name)) return unsure;
      return record;
    },
    keeps(value) {
      if (!isPlainObject(value)) return false;
      let at = 0;
      // What is there, in the order of the schema, and nothing that the schema does not have.
      for (const name in value) {
        while (names[at] !== name) if (mayLack[at++] !== true) return false;
        if (!(fields[at++] as Plain).keeps(value[name])) return false;
      }
      while (at < names.length) if (mayLack[at++] !== true) return false;
      return true;
    },
  };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function mapOf(item: Plain): Plain {
  return {
    make(value) {
      if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) return unsure;
      if (Object.hasOwn(value, "constructor")) return unsure;
      const map: Record<string, unknown> = {};
      for (const key of Object.keys(value)) {
        const made = key === "__proto__" ? unsure : item.make(value[key]);
        if (made === unsure) return unsure;
        map[key] = made;
      }
      return map;
    },
    keeps(value) {
      if (!isPlainObject(value)) return false;
      for (const key in value)
        if (key === "__proto__" || key === "constructor" || !item.keeps(value[key])) return false;
      return true;
    },
  };
}
