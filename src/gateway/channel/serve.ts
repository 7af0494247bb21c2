/**
 * Owns one request for a channel, from its match to the open socket: checks, input, call, upgrade. It must never answer 101
 * to what the call path refuses.
 */
import type { RootOptions } from "../../call/index.ts";
import type { Clock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { Host } from "../../host/index.ts";
import type { Cors } from "../cors.ts";
import { Departure, type Exchange } from "../exchange.ts";
import { readInput } from "../input.ts";
import { channelOpenMs, channelRefusalMs } from "../limits.ts";
import type { Settings } from "../options.ts";
import type { ChannelRoute, Match } from "../router.ts";
import { checkChannelHead, takeResume } from "./head.ts";
import type { Channels } from "./registry.ts";
import { Channel } from "./run.ts";

/** Opens the channel, which then runs by itself. Rejects, before the upgrade, with what must be answered as an error. */
export async function serveChannel(
  host: Host,
  settings: Settings,
  channels: Channels,
  cors: Cors | undefined,
  exchange: Exchange,
  match: Match,
  given: string,
): Promise<void> {
  const { route } = match;
  const { receive, id } = route.channel as ChannelRoute;
  checkChannelHead(exchange, cors);
  const { resumeFrom, query } = takeResume(exchange, given);
  const input: unknown = await readInput(exchange, match, query);
  const departure = (exchange.departure = new Departure());
  if (exchange.isOver) departure.left();
  const { traceId, principal } = exchange;
  const channel = new Channel({
    clock: settings.clock,
    isDevelopment: settings.isDevelopment,
    departure,
    receive,
    id,
    channels,
    exchange,
  });
  const { items, first } = await opened(settings.clock, departure, (onOpened) =>
    host.call(route.service, route.name, input, {
      signal: departure,
      traceId,
      fromOutside: true,
      principal,
      resumeFrom,
      incoming: channel.inbox,
      onOpened,
    } satisfies RootOptions),
  );
  const socket = await exchange.upgrade();
  // The client has left meanwhile.
  if (socket === undefined) return departure.left();
  // Not awaited, and it never rejects: what opened the channel is over, and what it holds can go.
  void channel.run(socket, first, items);
}

interface Opened {
  readonly items: AsyncIterator<unknown>;
  readonly first: Promise<IteratorResult<unknown>>;
}

/**
 * Starts the call and waits until its handler was reached, and a moment longer: what it refuses at once has a status of its
 * own. Rejects with a refusal.
 */
async function opened(clock: Clock, departure: Departure, call: (onOpened: () => void) => unknown): Promise<Opened> {
  let reached: (() => void) | undefined;
  const reaching = new Promise<void>((resolve) => (reached = resolve));
  // The call keeps what it is given to its end, so that it must not lead to anything once the channel is open.
  const answer = call(() => {
    reached?.();
    reached = undefined;
  });
  // A channel that could not even be found is a rejected promise.
  const items = ((await answer) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const first = items.next();
  first.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    let timer = clock.after(channelOpenMs, () => {
      departure.left();
      reject(skeinError("SKEIN_CALL_DEADLINE", undefined, { outcome: "not_started" }));
    });
    first.then(
      () => {
        timer.cancel();
        resolve();
      },
      (error: Error) => {
        timer.cancel();
        reject(error);
      },
    );
    void reaching.then(() => {
      timer.cancel();
      timer = clock.after(channelRefusalMs, resolve);
    });
  });
  return { items, first };
}
