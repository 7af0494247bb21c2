/**
 * Owns the two ends of a simulated TCP connection: segments put back in order, a window, the end and the reset. What a
 * process sees of it is what a socket of Node shows (RFC 9293). It must never show bytes twice, out of order or altered.
 */
import { crc32 } from "node:zlib";
import type { Channel, ChannelEvents } from "../../transport/channel.ts";
import { waitingBytesMax } from "../../transport/limits.ts";
import type { Process } from "./machine.ts";

/** What carries one end's segments to the other. */
export interface Path {
  /** Until it arrives: a lost one is sent again. `gaveUp` when it never did. It may arrive twice. */
  send(what: string, arrive: () => void, gaveUp: () => void): void;
  /** Once, whether it arrives or not. */
  sendOnce(arrive: () => void): void;
  /** Where a write is cut into segments: the length of the next one, at most `bytes`. */
  cut(bytes: number): number;
  note(what: string): void;
}

export class End implements Channel {
  readonly process: Process;
  readonly #path: Path;
  /** Told once nothing of this end can happen any more. */
  readonly #gone: (end: End) => void;
  #peer: End | undefined;
  #events: ChannelEvents | undefined;
  /** Of the connection before it is made. */
  readonly #queued: (() => void)[] = [];
  #sent = 0;
  #unread = 0;
  #isToldToStop = false;
  #expected = 0;
  /** Segments that came before one that is missing; without bytes it is the end. */
  readonly #early = new Map<number, Buffer | "fin">();
  readonly #inbox: Buffer[] = [];
  #isPaused = false;
  #hasEnded = false;
  #hasPeerEnded = false;
  #isClosed = false;
  /** The machine is off: it answers nothing, not even that it knows nothing. */
  #isOff = false;
  /** It was off once: nothing is sent any more. */
  #isForgotten = false;

  constructor(process: Process, path: Path, gone: (end: End) => void) {
    this.process = process;
    this.#path = path;
    this.#gone = gone;
  }

  get isConnecting(): boolean {
    return this.#peer === undefined;
  }
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The connection is made; what was written meanwhile goes. */
  join(peer: End): void {
    if (this.#peer !== undefined) return;
    this.#peer = peer;
    for (const send of this.#queued.splice(0)) send();
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    this.#later(() => this.#read());
  }

  write(bytes: Buffer): boolean {
    // As a socket of Node that is gone.
    if (this.#isClosed || this.#hasEnded) return true;
    for (let at = 0; at < bytes.length;) {
      const length = this.#path.cut(bytes.length - at);
      this.#send(bytes.subarray(at, at + length));
      at += length;
    }
    this.#unread += bytes.length;
    this.#isToldToStop ||= this.#unread > waitingBytesMax;
    return this.#unread <= waitingBytesMax;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#later(() => this.#read());
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#send("fin");
    this.#closeIfBothEnded();
  }

  /** As a process that closes its socket, or whose kernel does for it: what was written still goes. */
  destroy(): void {
    if (this.#isClosed) return;
    const hasUnread = this.#inbox.length > 0;
    if (hasUnread) this.#sendReset();
    else if (!this.#hasEnded) this.#send("fin");
    this.#hasEnded = true;
    this.#close(undefined);
  }

  /** The other side has no such connection, or somebody in between says so. */
  reset(reason: string): void {
    if (this.#isClosed) return;
    this.#path.note(`reset ${reason}`);
    this.#inbox.length = 0;
    this.#close(Object.assign(new Error(reason), { code: reason }));
  }

  /** The machine loses its power: nobody is told. */
  powerOff(): void {
    this.#isOff = true;
    this.#isForgotten = true;
    this.#isClosed = true;
    this.#gone(this);
  }

  /** The machine is on again and knows nothing of its connections. */
  powerOn(): void {
    this.#isOff = false;
  }

  #send(segment: Buffer | "fin"): void {
    const number = this.#sent++;
    const send = (): void => {
      const peer = this.#peer as End;
      this.#path.send(
        segment === "fin" ? "end" : `${segment.length} bytes ${crc32(segment).toString(16)}`,
        () => !this.#isForgotten && peer.#arrive(number, segment),
        () => this.reset("ETIMEDOUT"),
      );
    };
    if (this.#peer === undefined) this.#queued.push(send);
    else send();
  }

  #sendReset(): void {
    const peer = this.#peer;
    if (peer !== undefined) this.#path.sendOnce(() => peer.reset("ECONNRESET"));
  }

  #arrive(number: number, segment: Buffer | "fin"): void {
    if (this.#isOff) return;
    if (number < this.#expected || this.#early.has(number)) return this.#path.note(`drops a double ${number}`);
    if (this.#isClosed) {
      if (segment !== "fin") this.#sendReset();
      return;
    }
    this.#early.set(number, segment);
    for (;;) {
      const next = this.#early.get(this.#expected);
      if (next === undefined) break;
      this.#early.delete(this.#expected++);
      if (next === "fin") this.#hasPeerEnded = true;
      else this.#inbox.push(next);
    }
    this.process.run(() => this.#read());
  }

  #read(): void {
    const events = this.#events;
    if (events === undefined || this.#isPaused || this.#isClosed) return;
    const waiting = this.#inbox.splice(0);
    if (waiting.length > 0) {
      const bytes = waiting.length === 1 ? (waiting[0] as Buffer) : Buffer.concat(waiting);
      const { length } = bytes;
      events.data(bytes);
      // Whoever kept them without a copy finds it out.
      bytes.fill(0xdd);
      if (this.#peer !== undefined) this.#peer.#wasRead(length, this.#path);
    }
    // Read again where the reader has paused meanwhile.
    if (this.#hasPeerEnded && this.#inbox.length === 0 && !this.#isPaused) this.end();
    this.#closeIfBothEnded();
  }

  /** The other end has read: there is room again, and word of it comes back the way replies do. */
  #wasRead(bytes: number, back: Path): void {
    this.#unread -= bytes;
    if (!this.#isToldToStop || this.#unread > waitingBytesMax / 2) return;
    this.#isToldToStop = false;
    back.send(
      "goes on",
      () => this.process.run(() => !this.#isClosed && this.#events?.drained()),
      () => undefined,
    );
  }

  #closeIfBothEnded(): void {
    if (this.#hasEnded && this.#hasPeerEnded && this.#inbox.length === 0) this.#close(undefined);
  }

  #close(reason: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gone(this);
    this.#later(() => this.#events?.closed(reason));
  }

  /** In a turn of its own. */
  #later(task: () => void): void {
    this.process.clock.after(0, task);
  }
}
