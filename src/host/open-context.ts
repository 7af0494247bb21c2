/** Owns what the things of a service are opened with. It must never open one. */
import { type Clock, Secret, systemRandom } from "../core/index.ts";
import { absolutePath, processEnv } from "../core/platform.ts";
import { withFields } from "../observe/index.ts";
import type { Log, OpenContext, System } from "../system/index.ts";
import type { HostOptions } from "./host.ts";
import type { SharedThings } from "./shared.ts";

export function toContext(
  system: System,
  service: string,
  options: HostOptions,
  parts: {
    readonly clock: Clock;
    readonly log: Log;
    readonly shared: SharedThings;
    readonly secret: () => Secret<Uint8Array>;
  },
): OpenContext {
  return {
    system: system.name,
    service,
    mode: options.mode ?? "production",
    home: absolutePath(options.home ?? ".skein"),
    env: options.env ?? processEnv(),
    clock: parts.clock,
    random: options.random ?? systemRandom,
    log: withFields(parts.log, { service }),
    inMemory: options.inMemory ?? false,
    leader: options.leader,
    secret: parts.secret,
    shared: (key, open) => parts.shared.open(key, open),
  };
}

/** Of the machine's randomness: a seed would make it known. */
export function randomSecret(): Secret<Uint8Array> {
  return new Secret(systemRandom.bytes(32));
}
