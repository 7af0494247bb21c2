/**
 * Owns how long one call from outside may go on: its deadline and its caller's signal, as one abort signal. It must never
 * outlive `end()`: no timer, no listener.
 */
import type { Clock, Timer } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";

export class Lifetime {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #given: AbortSignal | undefined;
  #timer: Timer | undefined;
  #endsAt = 0;

  constructor(clock: Clock, ms: number, given: AbortSignal | undefined) {
    this.#clock = clock;
    this.#given = given;
    if (given?.aborted === true) this.#cancel();
    else given?.addEventListener("abort", this.#cancel, { once: true });
    this.restart(ms);
  }

  /** Aborted with the `SkeinError` that the call ends with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get restMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.monotonic());
  }

  /** Sets the deadline anew, from now. */
  restart(ms: number): void {
    this.#timer?.cancel();
    this.#endsAt = this.#clock.monotonic() + ms;
    if (ms <= 0) this.#abort("SKEIN_CALL_DEADLINE");
    if (!this.signal.aborted) this.#timer = this.#clock.after(ms, () => this.#abort("SKEIN_CALL_DEADLINE"));
  }

  /** Takes the deadline away until the next `restart`: while a reader works, nobody waits. */
  pause(): void {
    this.#timer?.cancel();
  }

  /** The promise, or a rejection as soon as the lifetime is over: a `fetch` may be slow to hear of it. */
  run<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const over = (): void => reject(signal.reason as Error);
      if (signal.aborted) over();
      else signal.addEventListener("abort", over, { once: true });
      const settle = <A>(next: (value: A) => void) => {
        return (value: A): void => {
          signal.removeEventListener("abort", over);
          next(value);
        };
      };
      promise.then(settle(resolve), settle(reject));
    });
  }

  /** Ends it. What still goes on (an answer nobody reads) is aborted when asked for. */
  end(options: { readonly abort?: boolean } = {}): void {
    this.#timer?.cancel();
    this.#given?.removeEventListener("abort", this.#cancel);
    if (options.abort === true) this.#abort("SKEIN_CALL_CANCELED");
  }

  #cancel = (): void => this.#abort("SKEIN_CALL_CANCELED", this.#given?.reason);

  #abort(code: "SKEIN_CALL_DEADLINE" | "SKEIN_CALL_CANCELED", cause?: unknown): void {
    this.#timer?.cancel();
    if (!this.signal.aborted) this.#controller.abort(skeinError(code, undefined, { cause }));
  }
}
