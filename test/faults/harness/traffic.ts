/** What customers ask of the shop, decided by the seed alone. It must never look at a clock or an answer. */
import { createSeededRandom } from "../../../src/core/index.ts";

/** One request as it was meant: `dueMs` after the start, whatever became of those before it. */
export interface Intended {
  readonly index: number;
  readonly dueMs: number;
  readonly kind: "home" | "product" | "search" | "order";
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly key: string | undefined;
  readonly body: string | undefined;
}

export interface TrafficOptions {
  readonly seed: string;
  readonly requests: number;
  /** Requests a second. */
  readonly rate: number;
  readonly skus: readonly string[];
}

/** Of ten requests four are home pages, three products, one a search and two orders, each order with a key of its own. */
export function* trafficOf({ seed, requests, rate, skus }: TrafficOptions): Generator<Intended> {
  const random = createSeededRandom(`traffic:${seed}`);
  const sku = (): string => skus[random.int(skus.length)] ?? "";
  for (let index = 0; index < requests; index++) {
    const dueMs = (index / rate) * 1_000;
    const get = { index, dueMs, method: "GET", key: undefined, body: undefined } as const;
    const die = random.int(10);
    if (die < 4) yield { ...get, kind: "home", path: `/home?user=user${random.int(50)}` };
    else if (die < 7) yield { ...get, kind: "product", path: `/products/${sku()}` };
    else if (die < 8)
      yield { ...get, kind: "search", path: `/products?query=${["mug", "lamp", "bag"][random.int(3)]}&limit=5` };
    else {
      const items = [{ sku: sku(), quantity: 1 + random.int(2) }];
      const body = JSON.stringify({ user: `user${random.int(50)}`, items });
      const key = `fault-${seed}-${String(index).padStart(12, "0")}`;
      yield { index, dueMs, kind: "order", method: "POST", path: "/orders", key, body };
    }
  }
}
