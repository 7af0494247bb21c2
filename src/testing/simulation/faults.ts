/**
 * Owns what goes wrong in a simulated cluster by itself: which hosts crash, hang or lose each other, and when. It must
 * never choose by anything but its seed.
 */
import { type Clock, type Duration, type Random, type Timer, toMs } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import { calm, type NetworkFaults } from "./network.ts";

/** Something that happens again and again. @since 0.1.0 */
export interface Recurring {
  /** From one to the next on average. */
  readonly every: Duration;
  /** How long it lasts on average; up to twice that. */
  readonly lasts: Duration;
}

/** What goes wrong, by chance and by seed. Shares are from 0 to 1. @since 0.1.0 */
export interface Faults {
  /** How long a segment takes one way, at least and at most; 0.05 to 0.5 ms unless given. */
  readonly delay?: readonly [least: Duration, most: Duration];
  /** Share of segments that are lost, and sent again after 200 ms, then twice that, and so on. */
  readonly loss?: number;
  /** Share of segments that come twice. */
  readonly duplicate?: number;
  /** Share of segments that take up to five times the longest delay, so that others overtake them. */
  readonly reorder?: number;
  /** A host dies and is started again. With `power` its machine is off, in half of the cases, and nobody is told. */
  readonly crash?: Recurring & { readonly power?: boolean };
  /** A host is asked to end, does so once it has finished what it has, and is started again: a rolling update, one at a time. */
  readonly drain?: { readonly every: Duration };
  /** A host hangs, as stopped by SIGSTOP. */
  readonly pause?: Recurring;
  /** Two hosts, or a host and the clients, do not reach each other; half of the time in one direction only. */
  readonly partition?: Recurring;
  /** The connections between two of them are reset. */
  readonly cut?: { readonly every: Duration };
}

/** What can be done to a cluster. */
export interface Victims {
  readonly hosts: readonly string[];
  readonly clients: string;
  crash(name: string, power: boolean): unknown;
  restart(name: string): unknown;
  /** And starts it again. */
  roll(name: string): unknown;
  pause(name: string): unknown;
  resume(name: string): unknown;
  partition(a: string, b: string, oneWay: boolean): void;
  heal(a: string, b: string): void;
  cut(a: string, b: string): void;
}

/** @throws `SKEIN_SIMULATION_INVALID` for a share outside 0 to 1, or a delay that is longer at least than at most. */
export function networkFaults({ delay, loss = 0, duplicate = 0, reorder = 0 }: Faults): NetworkFaults {
  for (const [name, share] of Object.entries({ loss, duplicate, reorder })) {
    if (!(share >= 0 && share <= 1))
      throw skeinError("SKEIN_SIMULATION_INVALID", `faults.${name} is a share from 0 to 1`);
  }
  const delayMs = delay === undefined ? calm.delayMs : ([toMs(delay[0]), toMs(delay[1])] as const);
  if (delayMs[0] > delayMs[1]) throw skeinError("SKEIN_SIMULATION_INVALID", "faults.delay is [least, most]");
  return { delayMs, loss, duplicate, reorder };
}

const nothing = (): void => undefined;

/** Makes things go wrong until it is stopped, which ends what is wrong then. */
export class Trouble {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #victims: Victims;
  readonly #timers = new Set<Timer>();
  /** What must still be undone. */
  readonly #open = new Set<() => void>();
  #isOver = false;

  constructor(clock: Clock, random: Random, victims: Victims, faults: Faults) {
    this.#clock = clock;
    this.#random = random;
    this.#victims = victims;
    const { crash, drain, pause, partition, cut } = faults;
    if (crash !== undefined) {
      const { power = false } = crash;
      this.#recur(crash, () => {
        const name = this.#host();
        victims.crash(name, power && this.#flip());
        return () => victims.restart(name);
      });
    }
    if (drain !== undefined) {
      this.#recur({ every: drain.every, lasts: 0 }, () => {
        victims.roll(this.#host());
        return nothing;
      });
    }
    if (pause !== undefined) {
      this.#recur(pause, () => {
        const name = this.#host();
        victims.pause(name);
        return () => victims.resume(name);
      });
    }
    if (partition !== undefined) {
      this.#recur(partition, () => {
        const [a, b] = this.#two();
        victims.partition(a, b, this.#flip());
        return () => victims.heal(a, b);
      });
    }
    if (cut !== undefined) {
      this.#recur({ every: cut.every, lasts: 0 }, () => {
        victims.cut(...this.#two());
        return nothing;
      });
    }
  }

  stop(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    for (const undo of this.#open) undo();
    this.#open.clear();
  }

  #recur({ every, lasts }: Recurring, strike: () => () => void): void {
    this.#in(toMs(every), () => {
      const undo = strike();
      this.#open.add(undo);
      this.#in(toMs(lasts), () => {
        this.#open.delete(undo);
        undo();
      });
      this.#recur({ every, lasts }, strike);
    });
  }

  /** After a time of that many milliseconds on average. */
  #in(averageMs: number, run: () => void): void {
    if (this.#isOver) return;
    const timer = this.#clock.after(this.#random.float() * 2 * averageMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  #flip(): boolean {
    return this.#random.int(2) === 0;
  }

  #host(): string {
    const { hosts } = this.#victims;
    return hosts[this.#random.int(hosts.length)] as string;
  }

  #two(): [string, string] {
    const { hosts, clients } = this.#victims;
    const all = [clients, ...hosts];
    const a = this.#random.int(all.length);
    const b = (a + 1 + this.#random.int(all.length - 1)) % all.length;
    return [all[a] as string, all[b] as string];
  }
}
