/**
 * A customer who does not give up: posts one order, and posts it again with the same key until it is answered.
 * Must never make a new key for an order it has posted, and never hide an answer it does not understand.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../../src/core/index.ts";

export interface SentOrder {
  readonly key: string;
  readonly user: string;
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface KeptOrder extends SentOrder {
  readonly id: number;
  readonly status: string;
  readonly total: number;
}

/** What posting has met, over all orders. */
export interface ClientCounts {
  posts: number;
  /** Connections refused, reset or closed without an answer. */
  broken: number;
  timeouts: number;
  /** 5xx, and 409 for a key in flight. */
  unavailable: number;
  /** Orders posted again although, or while, they were answered. */
  repeated: number;
}

const answerMsMax = 10_000;
const giveUpMs = 180_000;
const backoffMs = { first: 20, max: 500 };

export interface OrderClient {
  readonly counts: ClientCounts;
  /** Every id that any reply has named for a key: more than one is a violation. */
  readonly idsByKey: ReadonlyMap<string, ReadonlySet<number>>;
  /** Resolves when the order is answered with 201. Rejects with an answer that a retry cannot mend. */
  place(order: SentOrder): Promise<void>;
}

export function createOrderClient(url: string, random: Random): OrderClient {
  const counts: ClientCounts = { posts: 0, broken: 0, timeouts: 0, unavailable: 0, repeated: 0 };
  const idsByKey = new Map<string, Set<number>>();

  async function post({ key, ...order }: SentOrder): Promise<boolean> {
    counts.posts++;
    let status: number;
    let text: string;
    try {
      const response = await fetch(`${url}/orders`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify(order),
        signal: AbortSignal.timeout(answerMsMax),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      counts[(error as Error).name === "TimeoutError" ? "timeouts" : "broken"]++;
      return false;
    }
    if (status === 201) {
      const { id } = JSON.parse(text) as { id: number };
      const ids = idsByKey.get(key) ?? new Set();
      idsByKey.set(key, ids.add(id));
      return true;
    }
    if (status >= 500 || text.includes("SKEIN_KEY_IN_FLIGHT")) {
      counts.unavailable++;
      return false;
    }
    throw new Error(`${key} was answered ${status}: ${text.slice(0, 500)}`);
  }

  async function untilAnswered(order: SentOrder): Promise<void> {
    const beganMs = performance.now();
    for (let stepMs = backoffMs.first; !(await post(order)); stepMs = Math.min(stepMs * 2, backoffMs.max)) {
      if (performance.now() - beganMs > giveUpMs) throw new Error(`${order.key} had no answer in ${giveUpMs / 1000} s`);
      await delay(1 + random.float() * stepMs);
    }
  }

  return {
    counts,
    idsByKey,
    async place(order) {
      // One order in ten is posted twice at once, one in ten again after its answer: impatient customers exist.
      const mood = random.float();
      if (mood < 0.1) {
        counts.repeated++;
        await Promise.all([untilAnswered(order), untilAnswered(order)]);
        return;
      }
      await untilAnswered(order);
      if (mood < 0.2) {
        counts.repeated++;
        await untilAnswered(order);
      }
    },
  };
}
