/**
 * Owns the judgement on hosts that live and do nothing: one that has said nothing for 2 s gets no calls until it speaks
 * again, and one that goes on so is killed. It must never take this process's own sleep for theirs.
 */
import type { HostTable } from "./host-table.ts";
import { signal } from "./process-identity.ts";
import type { Replica } from "./replica.ts";
import { silentMs } from "./settings.ts";

const hungMs = 10_000;
/** When most are silent at once it is the machine that is slow: they keep their calls, and are killed much later. */
const hungTogetherMs = 60_000;
const togetherMin = 3;

export class Silence {
  readonly #table: HostTable;
  #lookedMs: number | undefined;

  constructor(table: HostTable) {
    this.#table = table;
  }

  heard(one: Replica): void {
    const { clock, log } = this.#table.options;
    const silenceMs = clock.monotonic() - one.heardMs;
    one.heardMs += silenceMs;
    if (!one.isSilent) return;
    one.isSilent = false;
    log.info(`${one.id} speaks again after ${(silenceMs / 1_000).toFixed(1)} s`);
    this.#table.publish();
  }

  /** `everyMs`: how long ago the look before this one should have been. */
  look(now: number, everyMs: number): void {
    const heldUpMs = this.#lookedMs === undefined ? 0 : Math.max(0, now - this.#lookedMs - everyMs);
    this.#lookedMs = now;
    const ready = this.#table.replicas.filter(({ state }) => state === "ready");
    // What they said while this process was held up (a laptop that slept, a busy machine) is not read yet.
    for (const one of ready) one.heardMs = Math.min(now, one.heardMs + heldUpMs);
    const silent = ready.filter(({ heardMs }) => now - heardMs > silentMs);
    const isTogether = silent.length >= togetherMin && silent.length * 2 > ready.length;
    for (const one of silent) this.#judge(one, now, isTogether);
  }

  #judge(one: Replica, now: number, isTogether: boolean): void {
    const { log } = this.#table.options;
    if (!one.isSilent && !isTogether) {
      one.isSilent = true;
      log.warn(`${one.id} has said nothing for ${silentMs / 1_000} s and gets no calls`);
      this.#table.publish();
    }
    const limitMs = isTogether ? hungTogetherMs : hungMs;
    if (now - one.heardMs <= limitMs || one.identity === undefined) return;
    one.lastError = `it hung for ${limitMs / 1_000} s`;
    signal(one.identity, "SIGKILL");
  }
}
