/**
 * Owns the process under attack: the shop behind its gateway, and a look at its own event loop and memory. Speaks to its
 * parent by messages. Must never outlive it.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { startShop } from "../shop/running.ts";

const shop = await startShop();
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
let rssMax = 0;
const sampler = setInterval(() => (rssMax = Math.max(rssMax, process.memoryUsage().rss)), 50);
sampler.unref();
process.on("message", (order: string) => {
  if (order === "stop") void shop.close().then(() => process.exit(0));
  else {
    const { rss } = process.memoryUsage();
    // Delay beyond the millisecond it looks in.
    process.send?.({
      blockMsMax: loop.max / 1e6 - 1,
      blockMsP99: loop.percentile(99) / 1e6 - 1,
      rss,
      rssMax: Math.max(rss, rssMax),
      polluted: ({} as { admin?: unknown }).admin !== undefined,
    });
    loop.reset();
    rssMax = 0;
  }
});
process.on("disconnect", () => process.exit(0));
process.send?.({ url: shop.url });
