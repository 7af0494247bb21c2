/** Owns knowing when a unary call is over, for whoever counts what is in flight. It must never hold a reply. */
import type { Told } from "../call/index.ts";
import type { SkeinError } from "../errors/index.ts";

/** Who is told, once the call no longer counts as in flight. */
export class Counted implements Told {
  readonly #told: Told;
  readonly #leave: () => void;

  constructor(told: Told, leave: () => void) {
    this.#told = told;
    this.#leave = leave;
  }

  resolve(reply: unknown): void {
    this.#leave();
    this.#told.resolve(reply);
  }

  reject(error: SkeinError): void {
    this.#leave();
    this.#told.reject(error);
  }
}
