/**
 * Owns what comes to a host and may last: streams and bodies, which of them go on elsewhere when the host drains, and how
 * many do not. It must never end what cannot begin again before its time.
 */
import type { RootOptions } from "../call/index.ts";
import { isBytes, isChannel, isStream, type Method } from "../contract/index.ts";
import { methodsOf, type System } from "../system/index.ts";
import { CountedItems, type StreamKind } from "./counted-items.ts";

export class Streams {
  readonly #kinds = new Map<string, Map<string, StreamKind>>();
  readonly #open = new Set<CountedItems>();
  readonly #count: (isOver: boolean) => void;
  #transfers = 0;
  #hasMoved = false;

  /** `count` is told of each stream at its first item and at its end. */
  constructor(system: System, count: (isOver: boolean) => void) {
    this.#count = count;
    for (const { declaration } of system.services) {
      const kinds = methodsOf(declaration.contract).flatMap(([name, method]) => {
        const kind = streamKindOf(method);
        return kind === undefined ? [] : [[name, kind] as const];
      });
      if (kinds.length > 0) this.#kinds.set(declaration.name, new Map(kinds));
    }
  }

  /** Uploads and downloads under way. */
  get transfers(): number {
    return this.#transfers;
  }

  /** `undefined` for a method that answers no items. */
  kindOf(service: string, method: string): StreamKind | undefined {
    return this.#kinds.get(service)?.get(method);
  }

  /** The items of a call that is made with what `call` is given, or the promise that refuses it. */
  open(kind: StreamKind, options: RootOptions, call: (options: RootOptions) => unknown): unknown {
    const { signal, resumeFrom } = options;
    const items = new CountedItems(kind, signal, resumeFrom, this.#told);
    const answer = call({ ...options, signal: items });
    return answer instanceof Promise ? answer : items.of(answer as AsyncIterable<unknown>);
  }

  uploads(by: 1 | -1): void {
    this.#transfers += by;
  }

  /** Ends the streams that go on elsewhere, also those that begin from now on; `all`: every one. */
  move(all: boolean): void {
    this.#hasMoved = true;
    for (const items of this.#open) if (all || items.kind.goesOn) items.move();
  }

  readonly #told = (items: CountedItems, isOver: boolean): void => {
    if (isOver) this.#open.delete(items);
    else this.#open.add(items);
    if (items.kind.isTransfer) this.uploads(isOver ? -1 : 1);
    this.#count(isOver);
    if (!isOver && this.#hasMoved && items.kind.goesOn) items.move();
  };
}

/** An action may have done half of what comes before its next item: nobody but its reader may begin it again. */
function streamKindOf({ output, kind }: Method): StreamKind | undefined {
  if (isBytes(output)) return { id: undefined, goesOn: false, isTransfer: true };
  if (!isStream(output)) return undefined;
  const mayRepeat = kind === "query" || isChannel(output);
  return { id: output.id, goesOn: output.id !== undefined && mayRepeat, isTransfer: false };
}
