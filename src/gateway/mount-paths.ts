/**
 * Owns the other spellings of a path: what an application that reads paths more loosely than the gateway (in any case,
 * decoded, without repeated slashes or a `;` and what follows) would take for a path that has a stricter owner. It must never
 * choose who answers: such a path is refused.
 */
import { addRoute, createRouter as createTree, findRoute } from "rou3";
import type { Mount } from "../system/index.ts";
import { toPattern } from "./router.ts";
import { decodeSegment, encodeSegment } from "./target.ts";

/** Made once, when the gateway starts. */
export class OtherSpellings {
  readonly #guarded: ReadonlyArray<{ readonly mount: Mount; readonly prefix: string }>;
  /** The routes that contracts have taken over, in lower case. */
  readonly #moved = createTree<true>();
  readonly #isIdle: boolean;

  constructor(mounts: readonly Mount[]) {
    this.#guarded = mounts
      .filter(({ access }) => access !== "public")
      .map((mount) => ({ mount, prefix: mount.prefix.toLowerCase() }));
    const moved = new Set(mounts.flatMap((mount) => mount.moved));
    this.#isIdle = this.#guarded.length === 0 && moved.size === 0;
    for (const route of moved) {
      const space = route.indexOf(" ");
      addRoute(this.#moved, route.slice(0, space), toPattern(route.slice(space + 1).toLowerCase()), true);
    }
  }

  /**
   * Whether a path that is `chosen`'s as it is written is, in another spelling, below a mount inside it that asks for a
   * role which `chosen` does not ask for, or a route that has moved. `path` is canonical, as `readTarget` gives it.
   */
  meetStricter(chosen: Mount, verb: string, path: string): boolean {
    if (this.#isIdle) return false;
    const asked = verb === "HEAD" ? "GET" : verb;
    return spellingsOf(path).some(
      (spelling) =>
        this.#guarded.some(
          ({ mount, prefix }) =>
            prefix.length > chosen.prefix.length &&
            (spelling === prefix || spelling.startsWith(`${prefix}/`)) &&
            !asksTheSame(mount, chosen),
        ) || findRoute(this.#moved, asked, spelling, { params: false }) !== undefined,
    );
  }
}

function spellingsOf(path: string): string[] {
  const whole = folded(path);
  // Fastify 4 takes a semicolon for the beginning of the query.
  const mark = path.search(/%3B/i);
  return mark < 0 ? [whole] : [whole, folded(path.slice(0, mark))];
}

function folded(path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "");
  return `/${segments.map((segment) => encodeSegment(decodeSegment(segment).toLowerCase())).join("/")}`;
}

function asksTheSame(inner: Mount, outer: Mount): boolean {
  return inner.access !== "public" && outer.access !== "public" && inner.access.role === outer.access.role;
}
