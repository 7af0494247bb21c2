/**
 * Owns what a process is told when it is started. It must never hold a secret, which any user of the machine could read off
 * the command line, nor what changes while it runs: that is said later.
 */
import type { Mode } from "../system/index.ts";

export interface HostSettings {
  readonly id: string;
  readonly group: string;
  readonly replica: number;
  readonly services: readonly string[];
  /** It leads its group or waits to. */
  readonly isSingleton: boolean;
  /** The file whose default export is the system. */
  readonly file: string;
  readonly home: string;
  readonly socket: string;
  readonly mode: Mode;
  /** Its databases may have migrations of a newer build, which it can live with. */
  readonly mayBeAhead?: boolean;
}

export interface HolderSettings {
  readonly home: string;
}

/** What the services of such a process see. */
export function environmentOf({ mayBeAhead }: Pick<HostSettings, "mayBeAhead">): NodeJS.ProcessEnv {
  return mayBeAhead === true ? { ...process.env, SKEIN_SCHEMA: "may-be-ahead" } : process.env;
}

/** Hosts speak every 500 ms: one that has said nothing for so long is silent. */
export const silentMs = 2_000;
/** How long a host finishes what it has in flight. */
export const drainMs = 20_000;
/** How long it finishes uploads and downloads, where another host has taken its place. */
export const transferDrainMs = 120_000;
/** Until it is ended, whatever it does. */
export const drainLimitMs = 30_000;
export const transferDrainLimitMs = transferDrainMs + 10_000;
