/** What a case does its worst to: a shop in processes, whoever made it. It must not know who that is. */
import type { PlacedShop } from "../../shop/placed.ts";

export interface TargetHost {
  readonly group: string;
  readonly replica: number;
  readonly services: readonly string[];
  /** `ready` when it takes requests. */
  readonly state: string;
  readonly pid: number | null;
}

export interface FaultTarget {
  /** Where customers ask: more than one where gateways cannot share an address. */
  readonly urls: readonly string[];
  /** Its databases are in `data/` there. */
  readonly home: string;
  /** What it has said on its standard outputs, the end of it at least. */
  readonly log: string;
  hosts(): Promise<readonly TargetHost[]>;
  /** What whoever looks after it asks, by name: each rejects where it is not told that all is well. */
  readonly controls: Readonly<Record<string, () => Promise<void>>>;
  stop(): Promise<void>;
  /** Safe after a failure, and twice. Leaves no process and no file behind. */
  clear(): Promise<void>;
}

export function targetOf(shop: PlacedShop): FaultTarget {
  return {
    get urls() {
      return [shop.url];
    },
    home: shop.home,
    get log() {
      return shop.log;
    },
    hosts: async () => (await shop.status()).hosts,
    controls: {
      live: () => answers(`${shop.url}/health/live`),
      ready: () => answers(`${shop.url}/health/ready`),
      async status() {
        const ill = (await shop.status()).hosts.filter(({ state }) => state !== "ready");
        if (ill.length > 0)
          throw new Error(ill.map(({ group, replica, state }) => `${group}-${replica} is ${state}`).join());
      },
    },
    stop: () => shop.stop(),
    async clear() {
      shop.supervisor.kill("SIGKILL");
      await shop.clear();
    },
  };
}

const controlMs = 5_000;

async function answers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(controlMs) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}: ${text}`);
}
