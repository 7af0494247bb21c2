/**
 * Owns bringing every database of a system to its newest shape, before the first host opens one. It must never run a
 * service, nor keep a connection.
 */
import path from "node:path";
import { type Clock, systemRandom } from "../core/index.ts";
import { migrate } from "../data/index.ts";
import { type Log, type Mode, ownedKind, type System } from "../system/index.ts";

/** Under each database's lock, one after the other. Rejects with the `SKEIN_MIGRATION_*` and `SKEIN_DATA_*` of the first that fails. */
export async function migrateAll(
  system: System,
  options: {
    readonly home: string;
    readonly env: NodeJS.ProcessEnv;
    readonly clock: Clock;
    readonly log: Log;
    readonly mode: Mode;
  },
): Promise<void> {
  for (const { declaration } of system.services) {
    for (const owned of Object.values(declaration.has)) {
      if (ownedKind(owned) !== "database") continue;
      await migrate(owned, {
        ...options,
        home: path.resolve(options.home),
        system: system.name,
        service: declaration.name,
        random: systemRandom,
        inMemory: false,
        shared: (_key, open) => open(),
      });
    }
  }
}
