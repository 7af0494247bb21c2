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
    stop: () => shop.stop(),
    async clear() {
      shop.supervisor.kill("SIGKILL");
      await shop.clear();
    },
  };
}
