/**
 * Owns starting the mounted applications of a host. It must never load the code that does it for a system without one.
 */
import type { Clock } from "../../core/index.ts";
import type { Mount } from "../../system/index.ts";
import type { LiveMount } from "./open.ts";

/** Opens one after the other and puts each into `opened` at once, so that what was opened is closed when one fails. */
export async function openMounts(mounts: readonly Mount[], clock: Clock, opened: LiveMount[]): Promise<void> {
  if (mounts.length === 0) return;
  const { openMount } = await import("./open.ts");
  for (const mount of mounts) opened.push(await openMount(mount, clock));
}
