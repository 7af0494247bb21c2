/**
 * Armed timers in order of due time, then of arming: a binary heap.
 * Must never run a timer; the virtual clock does.
 */

export interface ArmedTimer {
  readonly dueMs: number;
  /** Order of arming, which breaks ties. */
  readonly order: number;
  readonly run: () => void;
  canceled: boolean;
}

/** Adds a timer to `heap`. O(log n). */
export function pushTimer(heap: ArmedTimer[], timer: ArmedTimer): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    const above = heap[parent] as ArmedTimer;
    if (!isBefore(timer, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = timer;
}

/** Removes and returns the first timer, canceled or not. O(log n). */
export function popTimer(heap: ArmedTimer[]): ArmedTimer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as ArmedTimer, heap[child] as ArmedTimer)) child++;
    const below = heap[child] as ArmedTimer;
    if (!isBefore(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
  return first;
}

function isBefore(a: ArmedTimer, b: ArmedTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
