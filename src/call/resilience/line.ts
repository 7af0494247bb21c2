/** Owns a line of those who wait, oldest first, which any of them may leave. It must never hold one twice. */
import { assert } from "../../core/index.ts";

/** What can wait in one line at a time. */
export abstract class InLine {
  ahead: InLine | undefined = undefined;
  behind: InLine | undefined = undefined;
  isWaiting = false;
}

export class Line<T extends InLine> {
  first: T | undefined = undefined;
  #last: T | undefined = undefined;

  add(one: T): void {
    assert(!one.isWaiting, "one waits in one line at a time");
    one.isWaiting = true;
    one.ahead = this.#last;
    one.behind = undefined;
    if (this.#last === undefined) this.first = one;
    else this.#last.behind = one;
    this.#last = one;
  }

  remove(one: T): void {
    if (!one.isWaiting) return;
    one.isWaiting = false;
    if (one.ahead === undefined) this.first = one.behind as T | undefined;
    else one.ahead.behind = one.behind;
    if (one.behind === undefined) this.#last = one.ahead as T | undefined;
    else one.behind.ahead = one.ahead;
    one.ahead = one.behind = undefined;
  }
}
