/** Owns what the files of the supervisor's state directory say. It must never read or write one. */
import type { Mode } from "../system/index.ts";
import type { Build } from "./build.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** One host as it was started. */
export interface HostRecord {
  /** `orders-1` */
  readonly id: string;
  readonly group: string;
  readonly replica: number;
  readonly services: readonly string[];
  /** What it was started from, and in which mode. */
  readonly build?: Build;
  readonly mode?: Mode;
  readonly identity: ProcessIdentity;
  /** Its unix socket, a path of this start alone. */
  readonly socket: string;
  /** Where its peers reach it, once it is ready. */
  readonly address?: string;
  /** It has served, so that whoever takes it over need not ask before calls go to it. */
  readonly isReady: boolean;
  /** Bytes it may use. */
  readonly memory?: number | undefined;
  /** It leads its group or waits to; two processes of one group are both started so or neither. */
  readonly isSingleton?: boolean;
  /** The epoch in which it leads. */
  readonly leads?: number;
  /** A retired one drains and exits, whoever tells it. */
  readonly isRetired: boolean;
  /** Of a retired one: another process has its place, and uploads may take their time. */
  readonly hasSuccessor?: boolean;
  /** The host that ends once this one is ready. */
  readonly replaces?: string | undefined;
  /** Wall time. */
  readonly startedAt: number;
  /** Processes of its place that came after the first. */
  readonly restarts: number;
}

/** The supervisor that owns the directory. */
export interface SupervisorRecord {
  readonly identity: ProcessIdentity;
  readonly file: string;
}

/** A move that has begun. `hosts` are ids: who comes, and who goes. */
export interface MoveRecord {
  /** Until the routes have changed it can be taken back, from then on it is finished. */
  readonly phase: "starting" | "switched";
  /** The placement that `skein start` had been given. */
  readonly basedOn: unknown;
  readonly to: unknown;
  readonly come: readonly string[];
  readonly go: readonly string[];
}

/** The placement that moves have led to, and the one that `skein start` was given when they began. */
export interface KeptPlacement {
  readonly basedOn: unknown;
  readonly placement: unknown;
}

/** A roll that has begun and has not been finished. */
export interface RollRecord {
  readonly from: Build;
  readonly to: Build;
}

/**
 * The build that rolls have led to, and the one that `skein start` was given when they began. Where there is one the schema
 * may be newer than what a host knows.
 */
export interface KeptBuild {
  readonly basedOn: Build;
  readonly build: Build;
}
