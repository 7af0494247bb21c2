/**
 * Owns which of an application's routes a request most likely met, for its name in the measurements. It must never decide
 * an answer: the application does, and what is not understood here is measured under one name.
 */
import type { MountedRoute } from "./routes.ts";

/** Whose pattern language a path is written in. */
export type Dialect = "express" | "fastify" | "hono";

/** Any one segment, and all that follow. */
const one = ":";
const rest = "*";

/** A path has at most so many segments; a longer one is measured as unknown. */
const segmentsMax = 64;

interface Met {
  readonly label: string;
  /** In the order of the application: the first wins where order decides. */
  readonly rank: number;
}

interface Node {
  readonly children: Map<string, Node>;
  readonly met: Map<string, Met>;
}

export class RouteTree {
  readonly #root: Node = node();
  readonly #dialect: Dialect;

  constructor(dialect: Dialect, routes: readonly MountedRoute[]) {
    this.#dialect = dialect;
    for (const [rank, { verb, path }] of routes.entries()) {
      const label = `${verb} ${path}`;
      for (const shape of toShapes(dialect, path)) this.#add(shape, verb, { label, rank });
    }
  }

  /** `GET /users/:id`, or `undefined`. `path` is raw, with valid percent-encoding. */
  find(verb: string, path: string): string | undefined {
    const segments = path
      .split("/")
      .slice(1)
      .map((segment) => this.#plain(segment));
    if (segments.at(-1) === "") segments.pop();
    if (segments.length > segmentsMax) return undefined;
    const verbs = verb === "HEAD" ? ["HEAD", "GET", "ALL"] : [verb, "ALL"];
    return this.#search(this.#root, segments, 0, verbs)?.label;
  }

  #add(shape: readonly string[], verb: string, met: Met): void {
    let at = this.#root;
    for (const segment of shape) {
      const name = segment === one || segment === rest ? segment : `=${this.#plain(segment)}`;
      let next = at.children.get(name);
      if (next === undefined) at.children.set(name, (next = node()));
      at = next;
    }
    if (!at.met.has(verb)) at.met.set(verb, met);
  }

  /** Each node is looked at once at most: its depth is the segment's index. */
  #search(at: Node, segments: readonly string[], index: number, verbs: readonly string[]): Met | undefined {
    let best: Met | undefined;
    const offer = (met: Met | undefined) => {
      if (met !== undefined && (best === undefined || (this.#dialect !== "fastify" && met.rank < best.rank)))
        best = met;
    };
    const segment = segments[index];
    if (segment === undefined) offer(metBy(at, verbs));
    else {
      const literal = at.children.get(`=${segment}`);
      if (literal !== undefined) offer(this.#search(literal, segments, index + 1, verbs));
      const any = segment === "" ? undefined : at.children.get(one);
      if (any !== undefined) offer(this.#search(any, segments, index + 1, verbs));
    }
    const all = at.children.get(rest);
    if (all !== undefined) offer(metBy(all, verbs));
    return best;
  }

  /** Express compares paths without regard to case. */
  #plain(segment: string): string {
    let text = segment;
    try {
      if (segment.includes("%")) text = decodeURIComponent(segment);
    } catch {
      // Compared as it is.
    }
    return this.#dialect === "express" ? text.toLowerCase() : text;
  }
}

function node(): Node {
  return { children: new Map(), met: new Map() };
}

function metBy(at: Node, verbs: readonly string[]): Met | undefined {
  for (const verb of verbs) {
    const met = at.met.get(verb);
    if (met !== undefined) return met;
  }
  return undefined;
}

/** The paths that a pattern stands for, as lists of segments; none where it cannot be told. */
export function toShapes(dialect: Dialect, path: string): string[][] {
  if (path === "*") return [[rest]];
  if (!path.startsWith("/") || path.startsWith("/^")) return [];
  const text = path
    // The conditions of parameters: what they let through is not told apart here.
    .replace(dialect === "hono" ? /(:[A-Za-z0-9_]+)\{[^/]*?\}(?=[/?]|$)/g : /(:[A-Za-z0-9_]+)\([^/]*\)/g, "$1");
  return optional(dialect, text).flatMap((variant) => {
    const segments = variant.split("/").slice(1);
    if (segments.at(-1) === "") segments.pop();
    const shape = segments.map((segment) => toSegment(dialect, segment));
    const star = shape.indexOf(rest);
    const isPlain = !shape.includes(undefined) && (star < 0 || star === shape.length - 1);
    return isPlain ? [shape as string[]] : [];
  });
}

/** Every form of a path with optional parts: `{/:x}` of Express 5, `/:x?` of Express 4 and Hono. */
function optional(dialect: Dialect, path: string): string[] {
  const group = dialect === "express" ? /\{([^{}]*)\}/.exec(path) : null;
  const part = group ?? /\/:[A-Za-z0-9_]+\?(?=\/|$)/.exec(path);
  if (part === null) return [path];
  const before = path.slice(0, part.index);
  const after = path.slice(part.index + part[0].length);
  const inside = group === null ? part[0].slice(0, -1) : (group[1] ?? "");
  // Each round takes one part away, and a path has few.
  return [...optional(dialect, `${before}${inside}${after}`), ...optional(dialect, `${before}${after}`)].slice(0, 16);
}

function toSegment(dialect: Dialect, segment: string): string | undefined {
  if (dialect === "fastify" && segment.includes("::")) return segment.replaceAll("::", ":");
  if (/^\*[A-Za-z0-9_]*$/.test(segment)) return rest;
  if (segment.includes(":")) return one;
  if (/[*()[\]{}?+|^$\\]/.test(segment)) return undefined;
  return segment;
}
