/**
 * Starts the shop as several hosts of this process that reach each other over unix sockets only: the wire, the routes and
 * the gateway as between processes, and a debugger that sees all of it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningShop } from "../../examples/shop/shop.e2e.ts";
import shop from "../../examples/shop/system.ts";
import { createGateway } from "../../src/gateway/index.ts";
import { createHost } from "../../src/host/index.ts";
import { httpCarrier, Peers } from "../../src/host/remote/index.ts";

/** Groups of services; the gateway has a host of its own. */
export async function startSplitShop(
  groups: readonly (readonly string[])[],
  env = {},
  isHttp = false,
): Promise<RunningShop> {
  const home = await mkdtemp(join(tmpdir(), "skein-split-"));
  const closing: (() => Promise<void>)[] = [() => rm(home, { recursive: true })];
  const addresses = groups.map((_, index) => join(home, `${index}.sock`));
  const routes = {
    epoch: 1,
    groups: Object.fromEntries(
      groups.map((services, i) => [`g${i}`, { services, addresses: [addresses[i] as string] }]),
    ),
  };
  const open = async (services: readonly string[]) => {
    const greeting = { system: "shop", token: "x".repeat(43) };
    const peers = new Peers(shop, { greeting, ...(isHttp && httpCarrier(greeting)) });
    peers.update(routes);
    const host = await createHost(shop, { mode: "development", home, env, services, remote: peers.routes });
    closing.push(async () => {
      await host.close();
      peers.close();
    });
    return { host, peers };
  };
  for (const [index, services] of groups.entries()) {
    const { host, peers } = await open(services);
    const listener = await peers.listen(host, { path: addresses[index] as string });
    closing.push(() => listener.close(0));
  }
  const { host } = await open([]);
  const gateway = await createGateway(host, { port: 0, mode: "development", home, env });
  closing.push(() => gateway.close());
  return {
    url: gateway.url,
    async close() {
      for (const end of closing.toReversed()) await end();
    },
  };
}
