/**
 * Owns finding the databases that a system under test opens, and reading its events from their outboxes. It must never
 * change what the services see of them.
 */
import { decodeValue } from "../../contract/index.ts";
import type { Clock } from "../../core/index.ts";
import { type Engine, limitsOf } from "../../data/engine.ts";
import type { Implementation, OpenContext, Owned, ServiceEntry } from "../../system/index.ts";

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
    return { declaration: entry.declaration, load: async () => this.#watched(await entry.load()) };
  }

  /** Committed events in the order they were written, at most 10,000. */
  async events(clock: Clock): Promise<EmittedEvent[]> {
    const found: EmittedEvent[] = [];
    for (const engine of this.#engines.values()) {
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

  #watched(implementation: Implementation): Implementation {
    const { declaration } = implementation;
    const has = Object.fromEntries(
      Object.entries(declaration.has).map(([name, owned]) => [name, this.#watchedOwned(owned)]),
    );
    return { ...implementation, declaration: { ...declaration, has } };
  }

  #watchedOwned(owned: Owned): Owned {
    return { ...owned, open: (context) => owned.open({ ...context, shared: this.#watchedShared(context) }) };
  }

  #watchedShared(context: OpenContext): OpenContext["shared"] {
    return async (key, open) => {
      const thing = await context.shared(key, open);
      const { engine } = thing as { engine?: Engine };
      if (key.startsWith("database:") && engine?.family === "sqlite") this.#engines.set(key, engine);
      return thing;
    };
  }
}
