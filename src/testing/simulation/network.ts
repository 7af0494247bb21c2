/**
 * Owns the network between simulated processes: who listens where, and how long each segment takes, is lost, comes twice,
 * late, or not at all while there is a partition. It must never know what the bytes mean.
 */
import type { Clock, Random } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { FindOperation } from "../../transport/callee.ts";
import { Callees } from "../../transport/callees.ts";
import { greetOver } from "../../transport/greet.ts";
import { connectMs, drainMs } from "../../transport/limits.ts";
import type { Answer, Connection, Listener, SessionOptions, SocketAddress } from "../../transport/index.ts";
import type { Process } from "./machine.ts";
import { End, type Path } from "./tcp.ts";

/** What may happen to a segment on its way. Shares are from 0 to 1. */
export interface NetworkFaults {
  /** Between these many milliseconds one way, each segment by itself. */
  readonly delayMs: readonly [least: number, most: number];
  /** Lost, and sent again after 200 ms, then after twice that, and so on. */
  readonly loss: number;
  /** Comes a second time. */
  readonly duplicate: number;
  /** Takes up to five times as long as the longest delay, so that later ones overtake it. */
  readonly reorder: number;
}

export const calm: NetworkFaults = { delayMs: [0.05, 0.5], loss: 0, duplicate: 0, reorder: 0 };

/** Linux's: the first wait for an acknowledgement, doubled to the longest, and how often. */
const resend = { firstMs: 200, longestMs: 120_000, attemptsMax: 15 } as const;
/** Bytes of a segment at most; a quarter of the writes are cut at any byte before that. */
const segmentBytes = 65_536;
const cutShare = 0.25;

interface Listening {
  readonly process: Process;
  accept(end: End): void;
}

export interface SimulatedNetworkOptions {
  /** Virtual, in a simulation. */
  readonly clock: Clock;
  readonly random: Random;
  readonly faults?: NetworkFaults;
  /** Told of everything that happens to a segment. */
  readonly note?: (what: string) => void;
}

/** What a host connects and listens with; the functions have the form of those for sockets. */
export interface NetworkNode {
  connect(address: SocketAddress, options: SessionOptions): Promise<Connection>;
  listen(address: SocketAddress, options: SessionOptions, find: FindOperation, answer: Answer): Promise<Listener>;
}

export class SimulatedNetwork {
  faults: NetworkFaults;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #note: (what: string) => void;
  readonly #listening = new Map<string, Listening>();
  readonly #ends = new Map<string, Set<End>>();
  /** Directions that nothing gets through: `a>b`. */
  readonly #blocked = new Set<string>();
  /** Connections of machines that are off. */
  readonly #dark = new Map<string, End[]>();
  #bytes = 0;
  #segments = 0;
  #lost = 0;

  constructor({ clock, random, faults = calm, note = () => undefined }: SimulatedNetworkOptions) {
    this.#clock = clock;
    this.#random = random;
    this.faults = faults;
    this.#note = note;
  }

  /** How much has been sent. */
  get counts(): { readonly segments: number; readonly bytes: number; readonly lost: number } {
    return { segments: this.#segments, bytes: this.#bytes, lost: this.#lost };
  }

  /** A process joins; its addresses are `{ path }`, any text. */
  join(process: Process): NetworkNode {
    return {
      connect: (address, options) => {
        const end = this.#dial(process, pathOf(address));
        return greetOver(end, () => end.isConnecting, connectMs, options);
      },
      listen: (address, options, find, answer) =>
        Promise.resolve(this.#listen(process, pathOf(address), new Callees(options, find, answer))),
    };
  }

  /** Nothing from `a` reaches `b` until healed, nor back unless `oneWay`. */
  partition(a: string, b: string, oneWay = false): void {
    this.#blocked.add(`${a}>${b}`);
    if (!oneWay) this.#blocked.add(`${b}>${a}`);
    this.#note(`partition ${a} ${oneWay ? ">" : "<>"} ${b}`);
  }

  /** Ends one partition in both directions, or all. What was lost meanwhile is sent again at its next time. */
  heal(a?: string, b?: string): void {
    if (a === undefined || b === undefined) this.#blocked.clear();
    else for (const way of [`${a}>${b}`, `${b}>${a}`]) this.#blocked.delete(way);
    this.#note(`heal ${a ?? ""} ${b ?? ""}`);
  }

  /** Resets every connection between two processes, at both ends. */
  cut(a: string, b: string): void {
    this.#note(`cut ${a} ${b}`);
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const)
      for (const end of this.#ends.get(`${one}>${other}`) ?? []) end.reset("ECONNRESET");
  }

  /**
   * The process is dead. Its kernel closes what it had open, as after kill -9; with `isSilent` the whole machine is off and
   * nobody is told.
   */
  bury(process: Process, isSilent: boolean): void {
    if (isSilent) this.#dark.set(process.name, []);
    for (const [address, one] of this.#listening) if (one.process === process) this.#listening.delete(address);
    for (const ends of this.#ends.values())
      for (const end of ends) {
        if (end.process !== process) continue;
        if (isSilent) this.#off(end);
        else end.destroy();
      }
  }

  /** The machine of this name is on again: what still comes for its old connections is answered by a reset. */
  revive(name: string): void {
    for (const end of this.#dark.get(name) ?? []) end.powerOn();
    this.#dark.delete(name);
  }

  #off(end: End): void {
    end.powerOff();
    this.#dark.get(end.process.name)?.push(end);
  }

  #listen(process: Process, address: string, callees: Callees): Listener {
    if (this.#listening.has(address))
      throw skeinError("SKEIN_CONFIG_INVALID", `somebody listens at ${address} already`);
    this.#note(`${address} listens`);
    this.#listening.set(address, { process, accept: (end) => callees.accept(end) });
    let closing: Promise<void> | undefined;
    const close = (waitMs: number, mayWait?: () => boolean): Promise<void> => {
      this.#listening.delete(address);
      return callees.close(waitMs, mayWait);
    };
    return { address, close: (waitMs = drainMs, mayWait) => (closing ??= close(waitMs, mayWait)) };
  }

  /**
   * A lost SYN would be sent again after a second, which is as long as a connection may take: it goes once. A machine that
   * is off answers nothing; one where nobody listens says so.
   */
  #dial(process: Process, address: string): End {
    const name = nameOf(address);
    const end = this.#end(process, name);
    const back = this.#path(name, process.name);
    this.#path(process.name, name).sendOnce(() => {
      const listening = this.#listening.get(address);
      if (end.isClosed || this.#dark.has(name)) return;
      if (listening === undefined) return back.sendOnce(() => end.reset("ECONNREFUSED"));
      const there = this.#end(listening.process, process.name);
      there.join(end);
      // The kernel answers, whatever the process is doing.
      back.sendOnce(() => end.join(there));
      listening.process.run(() => listening.accept(there));
    });
    return end;
  }

  #end(process: Process, to: string): End {
    const way = `${process.name}>${to}`;
    let ends = this.#ends.get(way);
    if (ends === undefined) this.#ends.set(way, (ends = new Set()));
    const known = ends;
    const end = new End(process, this.#path(process.name, to), (one) => known.delete(one));
    ends.add(end);
    return end;
  }

  #path(from: string, to: string): Path {
    const way = `${from}>${to}`;
    return {
      send: (what, arrive, gaveUp) => this.#send(way, what, arrive, gaveUp, 0),
      sendOnce: (arrive) => {
        this.#segments++;
        if (this.#isLost(way)) this.#note(`${way} lost`);
        else this.#bring(way, "", arrive);
      },
      cut: (bytes) => {
        const most = Math.min(bytes, segmentBytes);
        const length = this.#random.float() < cutShare ? 1 + this.#random.int(most) : most;
        this.#bytes += length;
        return length;
      },
      note: (what) => this.#note(`${way} ${what}`),
    };
  }

  #send(way: string, what: string, arrive: () => void, gaveUp: () => void, attempt: number): void {
    this.#segments++;
    if (!this.#isLost(way)) {
      this.#bring(way, what, arrive);
      if (this.#random.float() < this.faults.duplicate) this.#bring(way, what, arrive);
      return;
    }
    this.#note(`${way} lost ${what}`);
    if (attempt >= resend.attemptsMax) return gaveUp();
    const waitMs = Math.min(resend.longestMs, resend.firstMs * 2 ** attempt);
    this.#clock.after(waitMs, () => this.#send(way, what, arrive, gaveUp, attempt + 1));
  }

  #isLost(way: string): boolean {
    if (!this.#blocked.has(way) && this.#random.float() >= this.faults.loss) return false;
    this.#lost++;
    return true;
  }

  #bring(way: string, what: string, arrive: () => void): void {
    const { delayMs, reorder } = this.faults;
    const [least, most] = delayMs;
    const late = this.#random.float() < reorder ? this.#random.float() * 4 * most : 0;
    this.#clock.after(least + this.#random.float() * (most - least) + late, () => {
      this.#note(`${way} ${what}`);
      arrive();
    });
  }
}

function pathOf(address: SocketAddress): string {
  if ("path" in address) return address.path;
  return `${address.host}:${address.port}`;
}

/** `orders-1/2`: the second start of orders-1. */
function nameOf(address: string): string {
  return address.split("/", 1)[0] as string;
}
