/**
 * Owns `channel()`: an action that sends items and receives items while it runs. Plain data. It must never know how the
 * items travel.
 */
import type { ErrorSpecs, HttpBinding, HttpRoute, Method, Output, StreamOutput } from "./method.ts";
import { method } from "./method.ts";
import type { Nothing, Schema } from "./schema.ts";

/** The output of a channel: items out as of a stream, and the schema of those that come in. @since 0.1.0 */
export interface ChannelOutput<
  Item extends Schema = Schema,
  Receive extends Schema = Schema,
> extends StreamOutput<Item> {
  readonly receive: Receive;
}

/** What a channel declares. @since 0.1.0 */
export interface ChannelSpec<In extends Schema, Receive extends Schema, Send extends Schema, E extends ErrorSpecs> {
  /** Schema of what opens it: the room, the order. Without it the channel takes nothing. */
  readonly input?: In;
  /** Schema of one item that a caller sends; each is parsed once, by the callee. */
  readonly receive: Receive;
  /** Schema of one item that a caller gets. */
  readonly send: Send;
  /** The field of a sent item after which a caller resumes: `call.resumeFrom`. Without it nothing is resumed. */
  readonly id?: string;
  /** A GET route, answered by a WebSocket; without it the channel is reachable by other services only. */
  readonly http?: HttpRoute | HttpBinding;
  /** Errors a caller may tell apart, by name in UPPER_SNAKE. */
  readonly errors?: E;
  /** One line for OpenAPI and the documentation page. */
  readonly summary?: string;
}

// oxlint-disable-next-line typescript/ban-types -- the empty set of errors
type NoErrors = {};

/**
 * An action with items in both directions, each at its reader's pace. Never retried by the runtime. The handler reads
 * `call.received` and yields what it sends; a caller gives `{ received }` and iterates.
 * @since 0.1.0
 */
export function channel<
  Receive extends Schema,
  Send extends Schema,
  In extends Schema = Nothing,
  const E extends ErrorSpecs = NoErrors,
>(
  spec: ChannelSpec<In, Receive, Send, E>,
): Method<"action", NoInfer<In>, ChannelOutput<NoInfer<Send>, NoInfer<Receive>>, NoInfer<E>, undefined> {
  const { receive, send, id, ...rest } = spec;
  const output: ChannelOutput<Send, Receive> = Object.freeze({ stream: true, item: send, id, receive });
  return method<"action", In, ChannelOutput<Send, Receive>, E, undefined>("action", { ...rest, output });
}

export function isChannel(output: Output): output is ChannelOutput {
  return "stream" in output && "receive" in output;
}
