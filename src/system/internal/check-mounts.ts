/** Owns what the check says about mounts from their declarations: names and prefixes that meet those of others. */
import { type Finding, finding } from "../finding.ts";
import { findOverlaps, type Mount } from "../mount.ts";
import type { System } from "../system.ts";
import { reserved } from "./check-routes.ts";

export function checkMounts({ mounts, services }: System): Finding[] {
  if (mounts.length === 0) return [];
  const found: Finding[] = [];
  const clash = (mount: Mount, message: string) =>
    found.push(finding("error", "SKEIN_CHECK_MOUNT_CLASH", mount.name, message));
  const names = new Set(services.map(({ declaration }) => declaration.name));
  const prefixes = new Map<string, string>();
  for (const mount of mounts) {
    if (names.has(mount.name)) clash(mount, "another service or mount has its name");
    names.add(mount.name);
    const shown = shownPrefix(mount);
    const other = prefixes.get(mount.prefix);
    if (other !== undefined) clash(mount, `${other} is mounted at ${shown} too`);
    prefixes.set(mount.prefix, mount.name);
    const own = reserved.find((path) => mount.prefix === path || mount.prefix.startsWith(`${path}/`));
    if (own !== undefined) clash(mount, `the gateway answers ${own} itself`);
  }
  const declarations = services.map(({ declaration }) => declaration);
  for (const { mount, endpoint, route } of findOverlaps(mounts, declarations)) {
    if (endpoint !== undefined)
      clash(mount, `${endpoint} has the route ${route}, which is below ${shownPrefix(mount)}`);
    else {
      const message = `its route ${route} has moved, it says, and no contract has that route below ${shownPrefix(mount)}`;
      found.push(finding("error", "SKEIN_CHECK_MOUNT_MOVED", mount.name, message));
    }
  }
  return found;
}

/** What the gateway answers itself: an application at the root never sees these. */
const shadowed = /^(?:GET|ALL) \/(?:openapi\.json|docs|docs\/(?:app\.js|style\.css|icon\.svg)|health\/(?:live|ready))$/;

/** What can be said only when an application was loaded: its routes as `"GET /users/:id"`. */
export function checkMountedRoutes(mount: Mount, routes: readonly string[]): Finding[] {
  if (mount.prefix !== "") return [];
  return routes
    .filter((route) => shadowed.test(route))
    .map((route) => {
      const message = `its route ${route} is never reached: the gateway answers that path itself`;
      return finding("warning", "SKEIN_CHECK_MOUNT_SHADOWED", mount.name, message);
    });
}

function shownPrefix({ prefix }: Mount): string {
  return prefix === "" ? "/" : prefix;
}
