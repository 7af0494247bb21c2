/** Owns watching what services of a system under test share. It must never change what a service is. */
import type { Implementation, OpenContext, Owned, ServiceEntry } from "../../system/index.ts";

type Share = OpenContext["shared"];

/** The same entry, whose services open what they share through what `share` makes of their host's own way. */
export function withShared(entry: ServiceEntry, share: (context: OpenContext) => Share): ServiceEntry {
  const watchedOwned = (owned: Owned): Owned => ({
    ...owned,
    open: (context) => owned.open({ ...context, shared: share(context) }),
  });
  const watched = (implementation: Implementation): Implementation => {
    const { declaration } = implementation;
    const has = Object.fromEntries(Object.entries(declaration.has).map(([name, owned]) => [name, watchedOwned(owned)]));
    return { ...implementation, declaration: { ...declaration, has } };
  };
  return { declaration: entry.declaration, load: async () => watched(await entry.load()) };
}
