/** Owns a disk of its own that a test can fill up or make read-only. It must never be left mounted. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export class Disk {
  readonly directory = mkdtempSync(path.join(tmpdir(), "skein-d-"));
  readonly #ballast = path.join(this.directory, "ballast");
  #isBound = false;

  /** Why there can be none, or false. */
  static get lack(): string | false {
    if (process.platform !== "linux") return "it mounts one as Linux does";
    try {
      new Disk().remove();
      return false;
    } catch {
      return "it needs the right to mount a small disk";
    }
  }

  constructor() {
    if (mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", this.directory)) return;
    rmSync(this.directory, { recursive: true });
    throw new Error("not mounted");
  }

  /** To the last byte. */
  fill(): void {
    const descriptor = openSync(this.#ballast, "a");
    try {
      for (let bytes = 65_536; bytes >= 1;) {
        try {
          if (writeSync(descriptor, Buffer.alloc(bytes)) === 0) bytes = Math.floor(bytes / 2);
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
          bytes = Math.floor(bytes / 2);
        }
      }
    } finally {
      closeSync(descriptor);
    }
  }

  makeRoom(): void {
    rmSync(this.#ballast);
  }

  /** For whatever is opened from now on: what processes have open they may go on writing to. */
  close(): void {
    assert.ok(mount("--bind", this.directory, this.directory));
    this.#isBound = true;
    assert.ok(mount("-o", "remount,bind,ro", this.directory));
  }

  open(): void {
    if (this.#isBound) spawnSync("umount", ["--lazy", this.directory]);
    this.#isBound = false;
  }

  remove(): void {
    this.open();
    spawnSync("umount", ["--lazy", this.directory]);
    rmSync(this.directory, { recursive: true });
  }
}

function mount(...args: readonly string[]): boolean {
  return spawnSync("mount", args).status === 0;
}
