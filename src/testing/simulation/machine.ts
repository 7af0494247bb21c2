/**
 * Owns one simulated process: its clock, and the gate that everything which wakes it goes through. It must never let a
 * dead process run, nor a paused one before it goes on.
 */
import type { Clock } from "../../core/index.ts";

/** A process as the network and the disk see it. */
export interface Process {
  readonly name: string;
  /** Times of this process; its timers wait while it is paused and are gone when it is dead. */
  readonly clock: Clock;
  readonly state: "running" | "paused" | "dead";
  /** Runs a task now, or when the process goes on, or never. */
  run(task: () => void): void;
}

export class Machine implements Process {
  readonly name: string;
  readonly clock: Clock;
  readonly #world: Clock;
  readonly #waiting: (() => void)[] = [];
  #state: Process["state"] = "running";

  constructor(name: string, world: Clock) {
    this.name = name;
    this.#world = world;
    this.clock = {
      now: () => world.now(),
      monotonic: () => world.monotonic(),
      after: (delayMs, run) => {
        let isCanceled = false;
        const fire = (): void => {
          if (!isCanceled) run();
        };
        const timer = world.after(delayMs, () => this.run(fire));
        return {
          cancel() {
            isCanceled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  get state(): Process["state"] {
    return this.#state;
  }

  run(task: () => void): void {
    if (this.#state === "running") task();
    else if (this.#state === "paused") this.#waiting.push(task);
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** What came meanwhile happens now, in order, each thing as an event of its own. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    for (const task of this.#waiting.splice(0)) this.#world.after(0, () => this.run(task));
  }

  kill(): void {
    this.#state = "dead";
    this.#waiting.length = 0;
  }
}
