/** What customers ask of the shop, decided by the seed alone. It must never look at a clock or an answer. */
import { createSeededRandom } from "../../../src/core/index.ts";

/** The shop's own routes, and one that a case adds to it. */
export type Kind = "home" | "product" | "search" | "order" | "added";

/** One request as it was meant: `dueMs` after the start, whatever became of those before it. */
export interface Intended {
  readonly index: number;
  readonly dueMs: number;
  readonly kind: Kind;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly key: string | undefined;
  readonly body: string | undefined;
}

/** One request of so many goes to this path instead. */
export interface Occasional {
  readonly path: string;
  readonly oneIn: number;
}

export interface TrafficOptions {
  readonly seed: string;
  /** One after the other: so many requests a second, for so long. */
  readonly phases: readonly { readonly rate: number; readonly ms: number }[];
  readonly skus: readonly string[];
  readonly occasional?: Occasional | undefined;
}

/**
 * Of ten requests one is a home page (20 calls over ten services), five are products, two searches and two orders, each
 * order with a key of its own: about six calls a request, which the nine processes of `replicated` and the customers do with
 * half of a small machine's two cores. A fault needs the other half: a process that starts takes a second of one.
 */
export function* trafficOf({ seed, phases, skus, occasional }: TrafficOptions): Generator<Intended> {
  const random = createSeededRandom(`traffic:${seed}`);
  const sku = (): string => skus[random.int(skus.length)] ?? "";
  for (const [index, dueMs] of timesOf(phases)) {
    const get = { index, dueMs, method: "GET", key: undefined, body: undefined } as const;
    const die = random.int(10);
    if (occasional !== undefined && (index + 1) % occasional.oneIn === 0)
      yield { ...get, kind: "added", path: occasional.path };
    else if (die < 1) yield { ...get, kind: "home", path: `/home?user=user${random.int(50)}` };
    else if (die < 6) yield { ...get, kind: "product", path: `/products/${sku()}` };
    else if (die < 8)
      yield { ...get, kind: "search", path: `/products?q=${["mug", "lamp", "bag"][random.int(3)]}&limit=5` };
    else {
      const items = [{ sku: sku(), quantity: 1 + random.int(2) }];
      const body = JSON.stringify({ user: `user${random.int(50)}`, items });
      const key = `fault-${seed}-${String(index).padStart(12, "0")}`;
      yield { index, dueMs, kind: "order", method: "POST", path: "/orders", key, body };
    }
  }
}

function* timesOf(phases: TrafficOptions["phases"]): Generator<readonly [index: number, dueMs: number]> {
  let index = 0;
  let fromMs = 0;
  for (const { rate, ms } of phases) {
    const count = Math.round((rate * ms) / 1_000);
    for (let i = 0; i < count; i++) yield [index++, fromMs + (i / rate) * 1_000];
    fromMs += ms;
  }
}
