/**
 * Owns what `skein check` says about mounted applications: what each is and which routes it has. It must never leave one
 * running, and loads a lazy one only when asked to.
 */
import { systemClock } from "../core/index.ts";
import { openMount } from "../host/mount/open.ts";
import { checkMountedRoutes } from "../system/checks.ts";
import { type Finding, finding } from "../system/finding.ts";
import type { Mount, System } from "../system/index.ts";

/** One mounted application, as the check sees it. */
export interface MountLine {
  readonly name: string;
  /** `/legacy`, or `/`. */
  readonly prefix: string;
  readonly access: string;
  /** `express`, `nest (fastify)`, ...; absent where the application was not loaded. */
  readonly kind?: string;
  /** `"GET /users/:id"`, as the application writes them; absent where it was not loaded. */
  readonly routes?: readonly string[];
}

/** Opens each application whose value is there, and lazy ones with `load`, reads its routes and closes it again. */
export async function checkMounted(
  system: System,
  load: boolean,
): Promise<{ readonly mounts: MountLine[]; readonly findings: Finding[] }> {
  const mounts: MountLine[] = [];
  const findings: Finding[] = [];
  for (const mount of system.mounts) {
    const line = lineOf(mount);
    if (mount.isLazy && !load) {
      mounts.push(line);
      continue;
    }
    try {
      const live = await openMount(mount, systemClock);
      const routes = live.routes.map(({ verb, path }) => `${verb} ${path}`);
      mounts.push({ ...line, kind: live.kind, routes });
      findings.push(...checkMountedRoutes(mount, routes));
      await live.close();
    } catch (error) {
      mounts.push(line);
      const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
      const message = `its application does not start: ${reason.slice(0, 300)}`;
      findings.push(finding("error", "SKEIN_CHECK_MODULE", mount.name, message));
    }
  }
  return { mounts, findings };
}

function lineOf({ name, prefix, access }: Mount): MountLine {
  return {
    name,
    prefix: prefix === "" ? "/" : prefix,
    access: typeof access === "string" ? access : `role ${access.role}`,
  };
}
