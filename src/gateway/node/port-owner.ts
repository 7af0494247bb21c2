/**
 * Owns finding the process that listens on a port, for the message of `SKEIN_PORT_TAKEN`. It must never fail: it answers
 * what it can find out, on Linux only.
 */
import { readdir, readFile, readlink } from "node:fs/promises";

export interface PortOwner {
  readonly pid: number;
  /** Its command line, at most 120 characters. */
  readonly command: string;
}

const listening = "0A";

/** The process that listens on a TCP port, if it can be found: another user's processes often cannot. */
export async function findPortOwner(port: number): Promise<PortOwner | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    const inodes = await socketsOn(port);
    return inodes.size === 0 ? undefined : await ownerOf(inodes);
  } catch {
    return undefined;
  }
}

async function socketsOn(port: number): Promise<Set<string>> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "utf8").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === listening && inode !== undefined && local.endsWith(`:${wanted}`)) inodes.add(`socket:[${inode}]`);
    }
  }
  return inodes;
}

async function ownerOf(inodes: ReadonlySet<string>): Promise<PortOwner | undefined> {
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const descriptors = await readdir(`/proc/${entry}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${entry}/fd/${descriptor}`).catch(() => "");
      if (inodes.has(target)) return { pid: Number(entry), command: await commandOf(entry) };
    }
  }
  return undefined;
}

async function commandOf(pid: string): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  // Arguments end with NUL; a process may have put anything there, so that nothing unprintable reaches a terminal.
  return line
    .replaceAll("\0", " ")
    .replace(/[^\x20-\x7e]/g, "?")
    .trim()
    .slice(0, 120);
}
