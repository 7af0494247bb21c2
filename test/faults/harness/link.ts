/**
 * Owns the bad link of link.py as the hosts' network: they listen on its near address and tell each other the far one. It
 * must never be taken for one that works where it cannot: `missing` says what it lacks.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Random } from "../../../src/core/index.ts";
import { Authority } from "../../../src/transport/fixtures/certificates.ts";
import type { Network } from "./case.ts";

/** Of each packet, in each direction. Shares are from 0 to 1. */
export interface LinkFaults {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplicate: number;
  /** Takes half the time, and so overtakes others. */
  readonly reorder: number;
}

export interface LinkCounts {
  readonly packets: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
}

const program = path.join(import.meta.dirname, "link.py");
const answerMs = 10_000;

export class BadLink implements Network {
  readonly env: Readonly<Record<string, string>>;
  readonly near: string;
  readonly far: string;
  readonly #authority: Authority;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor(net: string, seed: string, system: string) {
    this.near = `${net}.1`;
    this.far = `${net}.2`;
    this.#authority = new Authority();
    const { cert, key } = this.#authority.issue("host", { names: `URI:spiffe://${system}/host/any` });
    this.env = {
      SKEIN_TRANSPORT: "tcp",
      SKEIN_PEERS_LISTEN: this.near,
      SKEIN_PEERS_ANNOUNCE: this.far,
      SKEIN_PEERS_TLS_CERT: cert,
      SKEIN_PEERS_TLS_KEY: key,
      SKEIN_PEERS_TLS_CA: this.#authority.ca,
    };
    this.#child = spawn("python3", [program, seed, net], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  /** What keeps this machine from having such a link, in words. Tries it. */
  static missing(): string | undefined {
    if (process.platform !== "linux") return "TUN devices are Linux's";
    const openssl = spawnSync("openssl", ["version"]);
    if (openssl.error !== undefined) return "there is no openssl, for the certificates that hosts show each other";
    const tried = spawnSync("python3", [program, "0", freeNet(0)], { input: "", encoding: "utf8", timeout: answerMs });
    if (tried.error !== undefined) return `python3 could not be run: ${tried.error.message}`;
    if (tried.status === 0 && tried.stdout.startsWith("ready")) return undefined;
    const why = tried.stderr.trim().split("\n").at(-1) ?? "";
    return `no TUN device (/dev/net/tun, the capability CAP_NET_ADMIN, ip): ${why || `status ${tried.status}`}`;
  }

  /** `system` is whose hosts go through it. */
  static async open(random: Random, system: string): Promise<BadLink> {
    const link = new BadLink(freeNet(random.int(nets)), `${random.int(2 ** 31)}`, system);
    await link.#line();
    return link;
  }

  /** From now on, of every packet that comes; what is under way keeps its time. Resolves with what was done until then. */
  async set(faults: LinkFaults): Promise<LinkCounts> {
    this.#child.stdin.write(`${JSON.stringify(faults)}\n`);
    return JSON.parse(await this.#line()) as LinkCounts;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
    this.#authority[Symbol.dispose]();
  }

  #line(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the link does not answer")), answerMs);
      this.#lines.once("line", (line) => {
        clearTimeout(timer);
        resolve(line);
      });
    });
  }
}

/** Networks of 198.18.0.0/16, which is for tests of networks (RFC 2544, section C.2.2) and nobody's. */
const nets = 256;

/** One that this machine has not: the first from `at`. */
function freeNet(at: number): string {
  const taken = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
  for (let i = 0; i < nets; i++) {
    const net = `198.18.${(at + i) % nets}`;
    if (!taken.some((address) => address.startsWith(`${net}.`))) return net;
  }
  throw new Error("every network for tests is taken");
}
