/** Owns a channel over a socket of Node: unix, TCP or TLS. It must never leave an error without a listener. */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import type { Channel, ChannelEvents } from "./channel.ts";
import { waitingBytesMax } from "./limits.ts";

/** What plain sockets are read into, one read after the other: the bytes are their receiver's only until it returns. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/**
 * Reading without the stream of the socket, and without a buffer for each read. TLS cannot have it: there nothing is read by it.
 */
export class DirectRead {
  take: ((bytes: Buffer) => void) | undefined = undefined;
  readonly onread: OnReadOpts = {
    buffer: readBuffer,
    callback: (count) => {
      this.take?.(readBuffer.subarray(0, count));
      return true;
    },
  };
}

/**
 * A socket that was accepted with `pauseOnConnect`, read like one that connects. Node has the option for sockets that are
 * made, and makes the accepted ones itself; so another one is made over the handle, which is no public property. Where
 * there is none the socket is returned as it is, and is read by its stream.
 */
export function readDirectly(accepted: Socket, { onread }: DirectRead): Socket {
  const owner = accepted as { _handle?: object | null };
  const handle = owner._handle;
  if (handle === undefined || handle === null) return accepted.resume();
  owner._handle = null;
  const options = { handle, onread, readable: true, writable: true };
  const socket = new Socket(options as SocketConstructorOpts);
  // Its server counts the accepted one.
  socket.once("close", () => accepted.destroy());
  return socket;
}

/**
 * Bytes of the write under way that the kernel has not taken: by them Node's own timeouts of sockets see progress. They are no
 * public property; where they are not there, nothing is known. TLS writes by the handle below its own.
 */
function unsentBytes(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: (Sending & { readonly _parent?: Sending | null }) | null };
  return (handle?._parent ?? handle)?.writeQueueSize ?? 0;
}

interface Sending {
  readonly writeQueueSize?: number;
}

export function socketChannel(socket: Socket, read?: DirectRead): Channel {
  let events: ChannelEvents | undefined;
  let reason: Error | undefined;
  let unsent = 0;
  // At once: an error that nobody listens to ends the process.
  socket.on("error", (error) => (reason ??= error));
  socket.on("close", () => events?.closed(reason));
  socket.setNoDelay(true);
  return {
    start(given) {
      events = given;
      if (read !== undefined) read.take = (bytes) => given.data(bytes);
      socket.on("data", (bytes) => given.data(bytes as Buffer));
      socket.on("drain", () => given.drained());
      // Nothing is sent over half a connection.
      socket.on("end", () => socket.end());
    },
    // Nothing drains a socket that is gone; its session hears of it by `closed`.
    // Node's own limit is less than one large message, and TLS reaches it at once: it writes in a later turn.
    write: (bytes) => !socket.writable || socket.write(bytes) || socket.writableLength <= waitingBytesMax,
    hasDrained() {
      const before = unsent;
      unsent = unsentBytes(socket);
      return before > 0 && unsent !== before;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}
