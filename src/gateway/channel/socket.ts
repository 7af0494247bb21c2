/**
 * Owns the port between an engine's WebSocket and the gateway's channels. Adapters stand beside the engine's exchange. It
 * must never know an engine's own types, nor what a message means.
 */

/** What the gateway listens to; each is called in order, and nothing after `closed`. */
export interface ChannelListener {
  /** One message of text. The listener must not throw. */
  message(bytes: Uint8Array): void;
  /** A message that is no text. */
  binary(): void;
  /** An answer to a ping. */
  pong(): void;
  /** The connection is gone, however it went. */
  closed(): void;
}

/** One open WebSocket. Nothing throws; what is sent after its end is dropped. */
export interface ChannelSocket {
  listen(listener: ChannelListener): void;
  /** One message of text: `undefined` when the next may follow at once, else a promise of when it may. It never rejects. */
  send(text: string): Promise<void> | undefined;
  ping(): void;
  /** Takes nothing more from the connection, but for what has arrived already. */
  pause(): void;
  resume(): void;
  /** The closing handshake. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}
