/** Owns reading the events of a system under test from its outboxes. It must never change what the services see of them. */
import { decodeValue } from "../../contract/index.ts";
import type { Clock } from "../../core/index.ts";
import { type Engine, limitsOf } from "../../data/engine.ts";
import type { ServiceEntry } from "../../system/index.ts";
import { withShared } from "./shared.ts";

/** An event as a transaction committed it. @since 0.1.0 */
export interface EmittedEvent {
  readonly service: string;
  readonly event: string;
  readonly version: number;
  /** As the event's schema gave it. */
  readonly value: unknown;
}

const eventsMax = 10_000;

/** The engines that services opened, by the key they share them under. */
export class Captured {
  readonly #engines = new Map<string, Engine>();

  /** The same entry, whose databases are found when its host opens them. */
  watch(entry: ServiceEntry): ServiceEntry {
    return withShared(entry, (context) => async (key, open) => {
      const thing = await context.shared(key, open);
      const { engine } = thing as { engine?: Engine };
      if (key.startsWith("database:") && engine?.family === "sqlite") this.#engines.set(key, engine);
      return thing;
    });
  }

  events(clock: Clock): Promise<EmittedEvent[]> {
    return readEvents(this.#engines.values(), clock);
  }
}

/** Committed events of SQLite databases in the order they were written, at most 10,000 of each. */
export async function readEvents(engines: Iterable<Engine>, clock: Clock): Promise<EmittedEvent[]> {
  const found: EmittedEvent[] = [];
  for (const engine of engines) {
    const sql = `select service, event, version, payload from skein_outbox order by rowid limit ${eventsMax}`;
    const { rows } = await engine.read({ sql, parameters: [] }, limitsOf(clock, 1_000));
    for (const { service, event, version, payload } of rows) {
      found.push({
        service: String(service),
        event: String(event),
        version: Number(version),
        value: decodeValue(String(payload)),
      });
    }
  }
  return found;
}
