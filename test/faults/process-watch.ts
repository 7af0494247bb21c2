/**
 * Looks at every process of one state directory, all the time: which there are, and whether two ever serve one place. It
 * must never ask the supervisor, whose word is what is judged.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Seen {
  readonly pid: number;
  /** `orders-1`; the process that replaces another one's memory is of the same place. */
  readonly place: string;
  /** Where it answers its peers, once it does; the holder has none. */
  readonly socket: string | undefined;
}

const everyMs = 50;

export class ProcessWatch {
  readonly #home: string;
  readonly #timer: NodeJS.Timeout;
  /** Two processes that served one place at two looks in a row. */
  readonly doubles = new Set<string>();
  /** Processes that were started for a place which another one had; they must see that and end without serving. */
  readonly unwanted = new Map<number, { readonly place: string; readonly sinceMs: number; lastMs: number }>();
  #before = new Set<string>();

  constructor(home: string) {
    this.#home = home;
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Every process whose settings name the directory, whoever its parent is. */
  processes(): Seen[] {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (this.#read(Number(name)) ?? []) : []));
  }

  #read(pid: number): Seen | undefined {
    let line: string;
    try {
      line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return undefined;
    }
    if (!line.includes(`"home":"${this.#home}"`)) return undefined;
    if (line.includes("holder-main")) return { pid, place: "holder", socket: undefined };
    const [, group, replica] = /"group":"([^"]+)","replica":(\d+)/.exec(line) ?? [];
    return { pid, place: `${group}-${replica}`, socket: /"socket":"([^"]+)"/.exec(line)?.[1] };
  }

  #look(): void {
    const places = Map.groupBy(this.processes(), ({ place }) => place);
    const now = performance.now();
    const doubles = new Set<string>();
    for (const [place, all] of places) {
      if (all.length < 2) continue;
      const serving = all.filter(({ socket }) => socket === undefined || existsSync(socket));
      // A process that was just forked has its parent's arguments for a moment: only what stays is believed.
      const name = `${place}: ${serving.map(({ pid }) => pid).join(" and ")}`;
      if (serving.length > 1) (this.#before.has(name) ? this.doubles : doubles).add(name);
      for (const { pid, socket } of all) {
        if (socket === undefined || existsSync(socket)) continue;
        const known = this.unwanted.get(pid);
        if (known === undefined) this.unwanted.set(pid, { place, sinceMs: now, lastMs: now });
        else known.lastMs = now;
      }
    }
    this.#before = doubles;
  }
}

/** The record of a process, as whoever takes over would read it. */
export function recordedPid(home: string, id: string): number | undefined {
  try {
    const text = readFileSync(path.join(home, "run/hosts", `${id}.json`), "utf8");
    return (JSON.parse(text) as { readonly identity: { readonly pid: number } }).identity.pid;
  } catch {
    return undefined;
  }
}
