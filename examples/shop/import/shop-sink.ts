/**
 * The shop itself as a sink: its catalogue and its recommendation, opened in this process over the shop's own databases,
 * so that a shop that serves beside it finds the products by itself. Must never write a table: the services do.
 */
import path from "node:path";
import { createHost, type Host, isDeclared } from "skein";
import { Catalog } from "../catalog/contract.ts";
import { Recommend } from "../recommend/contract.ts";
import shop from "../system.ts";
import type { ImportTarget } from "./sink.ts";

/** Where the shop keeps its databases, as `skein dev` decides it: `SKEIN_HOME`, or `.skein` beside `system.ts`. */
export function shopHome(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const given = env["SKEIN_HOME"];
  return given === undefined || given === "" ? path.join(import.meta.dirname, "../.skein") : path.resolve(given);
}

/**
 * One service is open at a time: each is a thread and its code, 27 MB together, and an import writes all products before
 * the first pair. Fails as `createHost` does; a write waits up to 10 s for its turn.
 */
export function createShopTarget(home: string = shopHome()): ImportTarget {
  let current: { readonly service: string; readonly host: Host } | undefined;

  async function open(service: "catalog" | "recommend"): Promise<Host> {
    if (current?.service === service) return current.host;
    await close();
    const host = await createHost(shop, { services: [service], mode: "development", home });
    current = { service, host };
    return host;
  }
  async function close(): Promise<void> {
    await current?.host.close();
    current = undefined;
  }

  return {
    async products(batch) {
      const products = batch.map(({ priceMinor: price, ...product }) => ({
        ...product,
        price,
        description: "",
        category: "imported",
      }));
      const catalog = (await open("catalog")).client(Catalog);
      await catalog.put({ products });
    },
    async pairs(batch) {
      const recommend = (await open("recommend")).client(Recommend);
      await recommend.put({ pairs: batch });
    },
    async related(skus, limit) {
      const recommend = (await open("recommend")).client(Recommend);
      const found = await Promise.all(skus.map((id) => recommend.codes({ id, limit })));
      const host = await open("catalog");
      const titles = new Map<string, string | undefined>();
      for (const sku of new Set([...skus, ...found.flat().map((pair) => pair.other)]))
        titles.set(sku, await titleOf(host, sku));
      return skus.map((sku, i) => ({
        sku,
        title: titles.get(sku),
        related: (found[i] ?? []).map(({ other, score, together }) => ({
          sku: other,
          title: titles.get(other),
          score,
          together,
        })),
      }));
    },
    close,
  };
}

async function titleOf(host: Host, sku: string): Promise<string | undefined> {
  try {
    return (await host.client(Catalog).get({ id: sku })).title;
  } catch (error) {
    if (isDeclared(error, "PRODUCT_NOT_FOUND")) return undefined;
    throw error;
  }
}
