/** Owns the caller's beginning of a connection over any channel: how long it may take. It must never keep one that came late. */
import { skeinError } from "../errors/index.ts";
import { Caller } from "./caller.ts";
import type { Channel } from "./channel.ts";
import type { Connection } from "./port.ts";
import type { SessionOptions } from "./session.ts";

/** Resolves once greeted. A channel that `isConnecting` after `limitMs` milliseconds is given up: `SKEIN_TRANSPORT_UNREACHABLE`. */
export async function greetOver(
  channel: Channel,
  isConnecting: () => boolean,
  limitMs: number,
  options: SessionOptions,
): Promise<Connection> {
  const caller = new Caller(channel, options);
  const timer = options.clock.after(limitMs, () => {
    if (isConnecting()) caller.fail(skeinError("SKEIN_TRANSPORT_UNREACHABLE", `no connection within ${limitMs} ms`));
  });
  try {
    await caller.greeted;
  } finally {
    timer.cancel();
  }
  return caller;
}
