/**
 * Owns what a session needs of whatever moves bytes: a socket, or a pair in memory. It must never look at the bytes.
 */

/** Told of what happens to a channel. */
export interface ChannelEvents {
  /** The bytes are the receiver's only until it returns. */
  data(bytes: Buffer): void;
  /** What was written has gone out, after `write` had said that too much waits. */
  drained(): void;
  /** Once, for whatever reason. */
  closed(reason: Error | undefined): void;
}

/** Bytes both ways, in order, until it closes. */
export interface Channel {
  /** Whom to tell; called once, before anything is read. */
  start(events: ChannelEvents): void;
  /** False when more waits to go out than should. The bytes are the channel's from now on. */
  write(bytes: Buffer): boolean;
  /**
   * Whether some of what waited to go out when this was last asked has gone since, which it does because the other side takes
   * it. Only of channels that can tell.
   */
  hasDrained?(): boolean;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Closes after what was written. */
  end(): void;
  destroy(): void;
}
