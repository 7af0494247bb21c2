/** Starts the shop in this process behind a real gateway, on a state directory or a database of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import shop from "../../examples/shop/system.ts";
import type { RunningShop } from "../../examples/shop/shop.e2e.ts";
import { createGateway } from "../../src/gateway/index.ts";
import { createHost, type Host } from "../../src/host/index.ts";

export interface Running extends RunningShop {
  readonly host: Host;
}

export interface ShopOptions {
  readonly far?: boolean;
  readonly home?: string;
  readonly databaseUrl?: string;
  readonly system?: typeof shop;
}

/** Without a home one is made, and goes with the shop. */
export async function startShop(options: ShopOptions = {}): Promise<Running> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), "skein-shop-")));
  const env = options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl };
  const host = await createHost(options.system ?? shop, { mode: "development", home, env, far: options.far ?? false });
  const gateway = await createGateway(host, { port: 0, mode: "development", home, env });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await gateway.close();
    await host.close();
    if (options.home === undefined) await rm(home, { recursive: true });
  };
  return { url: gateway.url, host, close: () => (closing ??= close()) };
}
