/**
 * Owns changing a placement by one service, and writing it down. It must never leave a placement that has not been read again:
 * pins and names are the reader's.
 */
import type { System } from "../system.ts";
import type { Placement, PlacementGroup } from "./placement.ts";
import { readPlacement } from "./read.ts";

/**
 * The placement with `service` in `group`: a missing group is made with one replica, an emptied one goes. Throws
 * `SKEIN_PLACEMENT_INVALID` for a service that is not there, and for what pins forbid.
 */
export function withService(placement: Placement, service: string, group: string, system: System): Placement {
  const groups: Record<string, PlacementGroup> = {};
  for (const [name, given] of Object.entries(placement.groups)) {
    const services = given.services.filter((one) => one !== service);
    if (services.length > 0 || name === group) groups[name] = { ...given, services };
  }
  const target = groups[group] ?? { ...alone, services: [] };
  groups[group] = { ...target, services: [...target.services, service] };
  return readPlacement(toPlacementValue({ ...placement, groups }), system);
}

const alone: PlacementGroup = { services: [], replicas: 1, memory: undefined, isSingleton: false };

/** As a file holds it; read again it is the same placement. */
export function toPlacementValue({ groups, pins }: Placement): Readonly<Record<string, unknown>> {
  return {
    groups: Object.fromEntries(
      Object.entries(groups).map(([name, { services, replicas, memory, isSingleton }]) => [
        name,
        {
          services,
          replicas,
          ...(memory !== undefined && { memory: `${memory / 2 ** 20}Mi` }),
          ...(isSingleton && { singleton: true }),
        },
      ]),
    ),
    ...(Object.keys(pins).length > 0 && { pins }),
  };
}
