/**
 * Owns a placement as data: which services share a process, how many of each, and what must or must not be together. It
 * must never run anything, nor decide what is a good one.
 */

/** One process group. @since 0.1.0 */
export interface PlacementGroup {
  /** Names of services; `gateway` is the HTTP front door. */
  readonly services: readonly string[];
  /** Processes that run them, 1 to 64. */
  readonly replicas: number;
  /** One of the processes leads: it is called and works, the others are ready to follow it. */
  readonly isSingleton: boolean;
  /** Bytes a process may have: it is drained and replaced at 80 % of it. `undefined` is no limit. */
  readonly memory: number | undefined;
}

/** What moves a service in no way, and is checked of every placement. */
export interface Pin {
  /** In the same group as these. */
  readonly with: readonly string[];
  /** In no group with these. */
  readonly never: readonly string[];
}

/** A placement that was read and checked against its system. @since 0.1.0 */
export interface Placement {
  readonly groups: Readonly<Record<string, PlacementGroup>>;
  readonly pins: Readonly<Record<string, Pin>>;
}

/** One thing that is wrong with a placement; `path` says where: `groups.front.replicas`. @since 0.1.0 */
export interface PlacementIssue {
  readonly path: string;
  readonly message: string;
}

export const gatewayService = "gateway";
export const replicasMax = 64;
export const groupsMax = 256;
/** What a later version will take; until then it is refused by name, so that nobody believes in it. */
export const laterKeys: ReadonlySet<string> = new Set([
  "accelerator",
  "concurrency",
  "isolation",
  "location",
  "process",
  "shard",
]);
