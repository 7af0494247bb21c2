/**
 * Owns Moleculer's shop in processes, as a system under fault: the same services in the same groups and as many replicas as
 * `placements/replicated.json` says, each started again when it ends, as pm2 or systemd would do. It must never help it
 * otherwise, nor leave a process behind.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../../../bench/lib/free-port.ts";
import { installPeers } from "../../../../bench/lib/prepare.ts";
import type { TargetHost, FaultTarget } from "../target.ts";

export const peers = ["moleculer", "moleculer-defaults"] as const;
export type Peer = (typeof peers)[number];

const root = path.join(import.meta.dirname, "../../../..");
const program = path.join(root, "bench/peers/shop/node.mjs");
const replicated = path.join(root, "examples/shop/placements/replicated.json");
const readyMs = 120_000;
/** Between a process that ended and the next one, where the first did not last as long. */
const backoffMs = 1_000;
const noiseCharsMax = 4_000;

interface Groups {
  readonly groups: Readonly<Record<string, { readonly services: readonly string[]; readonly replicas?: number }>>;
}

interface Slot {
  readonly group: string;
  readonly replica: number;
  readonly services: readonly string[];
  readonly settings: string;
  process: ChildProcess | undefined;
  isReady: boolean;
  startedMs: number;
}

/** `placement` is a file; only its groups, services and numbers of replicas are looked at. */
export async function startPeer(peer: Peer, placement = replicated): Promise<FaultTarget> {
  installPeers((line) => console.error(line));
  const home = mkdtempSync(path.join(tmpdir(), "fault-peer-"));
  const { groups } = JSON.parse(readFileSync(placement, "utf8")) as Groups;
  const places = Object.entries(groups).flatMap(([group, { services, replicas = 1 }]) =>
    Array.from({ length: replicas }, (_, index) => ({ group, replica: index + 1, services })),
  );
  const all = Object.values(groups).flatMap(({ services }) => services.filter((name) => name !== "gateway"));
  const isGateway = ({ services }: { readonly services: readonly string[] }): boolean => services.includes("gateway");
  const ids = places.map(({ group, replica }) => `${group}-${replica}`);
  const gateways = places.filter(isGateway).length;
  const numbers = await freePorts(ids.length + gateways);
  const ports = Object.fromEntries(ids.map((id, index) => [id, numbers[index]]));
  const httpPorts = numbers.slice(ids.length);
  let next = 0;
  const slots = places.map((place, index): Slot => {
    const httpPort = isGateway(place) ? httpPorts[next++] : undefined;
    const settings = JSON.stringify({ peer, id: ids[index], services: place.services, all, ports, httpPort, home });
    return { ...place, settings, process: undefined, isReady: false, startedMs: 0 };
  });
  const supervisor = new Restarting(slots);
  const target: FaultTarget = {
    urls: httpPorts.map((port) => `http://127.0.0.1:${port}`),
    home,
    get log() {
      return supervisor.noise;
    },
    hosts: async () => slots.map(toHost),
    controls: {},
    stop: () => supervisor.stop(),
    async clear() {
      await supervisor.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  try {
    await supervisor.start();
  } catch (error) {
    await target.clear();
    throw error;
  }
  return target;
}

function toHost({ group, replica, services, isReady, process: child }: Slot): TargetHost {
  return { group, replica, services, state: isReady ? "ready" : "starting", pid: child?.pid ?? null };
}

/** What pm2 or systemd is to a user of Moleculer. */
class Restarting {
  readonly #slots: readonly Slot[];
  noise = "";
  #isStopping = false;

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  async start(): Promise<void> {
    for (const slot of this.#slots) this.#run(slot);
    const endMs = performance.now() + readyMs;
    while (!this.#slots.every(({ isReady }) => isReady)) {
      if (performance.now() > endMs) throw new Error(`not ready within ${readyMs} ms\n${this.noise}`);
      await pause(50);
    }
  }

  #run(slot: Slot): void {
    const child = fork(program, [slot.settings], {
      env: { ...process.env, NODE_ENV: "production" },
      // Those of this process, its conditions among them, are not the peer's.
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    slot.process = child;
    slot.startedMs = performance.now();
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.noise = (this.noise + text).slice(-noiseCharsMax);
      });
    child.once("message", () => (slot.isReady = true));
    child.once("exit", () => {
      slot.isReady = false;
      slot.process = undefined;
      if (this.#isStopping) return;
      const waitMs = performance.now() - slot.startedMs < backoffMs ? backoffMs : 0;
      setTimeout(() => this.#isStopping || this.#run(slot), waitMs);
    });
  }

  /** Whoever was stopped by a signal is woken by its end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const ends = this.#slots.flatMap(({ process: child }) => {
      if (child === undefined) return [];
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      return [ended];
    });
    await Promise.all(ends);
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
