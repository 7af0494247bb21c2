/**
 * Owns the certificate files of a process, a gateway's or a host's: reading them, refusing what does not fit together,
 * reading them again when they change. It must never give up a pair that works for one that does not, and never log what a
 * key file holds.
 */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import type { Clock, Timer } from "../../core/index.ts";
import { loadTls } from "../../core/node-modules.ts";
import { skeinError } from "../../errors/index.ts";
import type { Log } from "../../system/index.ts";
import { tlsFileBytesMax, tlsPollMs, tlsSettleMs } from "../limits.ts";

/** PEM texts that fit together. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The certificate, followed by its intermediates. */
  readonly cert: string;
  /** Its private key, without a passphrase. */
  readonly key: string;
  /** The authorities whose certificates are believed. */
  readonly ca?: string;
}

type Judge = (pair: Pair) => void;

/** The first pair is read by `open`, which throws `SKEIN_TLS_CERTIFICATE`; the newest that works is `pair`. */
export class Certificates {
  readonly #files: CertificateFiles;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #judge: Judge;
  #pair: Pair;
  /** Digest of what was last looked at, good or broken: one change is told once. */
  #seen: string;
  #watchers: FSWatcher[] = [];
  #settle: Timer | undefined;
  #poll: Timer | undefined;
  #isReading = false;
  #isClosed = false;
  readonly #followers = new Set<(pair: Pair) => void>();

  private constructor(files: CertificateFiles, clock: Clock, log: Log, judge: Judge, pair: Pair) {
    this.#files = files;
    this.#judge = judge;
    this.#clock = clock;
    this.#log = log;
    this.#pair = pair;
    this.#seen = digestOf(pair);
  }

  /** `judge` throws for a pair that fits together and cannot be used all the same. */
  static async open(
    files: CertificateFiles,
    clock: Clock,
    log: Log,
    judge: Judge = () => undefined,
  ): Promise<Certificates> {
    const pair = await read(files);
    check(pair, files);
    judge(pair);
    const certificates = new Certificates(files, clock, log, judge, pair);
    await certificates.#describe("the certificate was read");
    certificates.#watch();
    return certificates;
  }

  get pair(): Pair {
    return this.#pair;
  }

  /** Calls `apply` with each new pair that works, until what this returns is called. */
  follow(apply: (pair: Pair) => void): () => void {
    this.#followers.add(apply);
    return () => this.#followers.delete(apply);
  }

  /**
   * Directories are watched rather than files, because a renewal replaces the file (or, on Kubernetes, the link to its
   * directory); and the files are read every 10 s, because some file systems tell nobody.
   */
  #watch(): void {
    const notice = (): void => {
      this.#settle ??= this.#clock.after(tlsSettleMs, () => void this.#look(), { unref: true });
    };
    for (const directory of this.#directories()) {
      try {
        const watcher = watch(directory, { persistent: false }, notice);
        watcher.on("error", () => watcher.close());
        this.#watchers.push(watcher);
      } catch (error) {
        this.#log.warn("changes of the certificate are noticed late: its directory cannot be watched", { error });
      }
    }
    const poll = (): void => {
      this.#poll = this.#clock.after(tlsPollMs, () => void this.#look().then(poll), { unref: true });
    };
    poll();
  }

  close(): void {
    this.#isClosed = true;
    this.#settle?.cancel();
    this.#poll?.cancel();
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #directories(): Set<string> {
    const { cert, key, ca } = this.#files;
    return new Set([cert, key, ca].flatMap((file) => (file === undefined ? [] : [path.dirname(path.resolve(file))])));
  }

  async #look(): Promise<void> {
    this.#settle = undefined;
    // What changes while this reads is seen by the next event or the next poll.
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    try {
      const pair = await read(this.#files);
      const digest = digestOf(pair);
      if (digest === this.#seen || this.#isClosed) return;
      this.#seen = digest;
      check(pair, this.#files);
      this.#judge(pair);
      for (const apply of this.#followers) apply(pair);
      this.#pair = pair;
      await this.#describe("the certificate was read again; new connections get it");
    } catch (error) {
      this.#complain(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** A file that is missing for ten minutes is one line, not sixty. */
  #complain(error: unknown): void {
    const text = String(error);
    if (text === this.#complaint) return;
    this.#complaint = text;
    this.#log.error("the changed certificate cannot be used; the old one stays", { error });
  }
  #complaint = "";

  async #describe(message: string): Promise<void> {
    this.#complaint = "";
    const { subject, subjectAltName, validTo, fingerprint256 } = new X509Certificate(this.#pair.cert);
    this.#log.info(message, { subject, names: subjectAltName, validTo, fingerprint: fingerprint256 });
    if (Date.parse(validTo) < this.#clock.now()) this.#log.error("the certificate has expired", { validTo });
    const mode = await modeOf(this.#files.key);
    if (mode !== undefined && (mode & 0o077) !== 0) {
      this.#log.warn("the key file can be read by others than its owner: chmod 600 it", {
        file: this.#files.key,
        mode: (mode & 0o777).toString(8),
      });
    }
  }
}

async function read({ cert, key, ca }: CertificateFiles): Promise<Pair> {
  const [certText, keyText, caText] = await Promise.all([
    readPem("cert", cert),
    readPem("key", key),
    ca === undefined ? undefined : readPem("ca", ca),
  ]);
  return { cert: certText, key: keyText, ca: caText };
}

async function readPem(what: string, file: string): Promise<string> {
  try {
    const handle = await open(file, "r");
    try {
      const found = await handle.stat();
      // A pipe would be waited for for ever, and a file of a gigabyte is no certificate.
      if (!found.isFile()) throw new Error("is not a file");
      if (found.size > tlsFileBytesMax) throw new Error(`has more than ${tlsFileBytesMax} bytes`);
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw broken(`the ${what} file ${file} cannot be read`, error);
  }
}

/** Throws `SKEIN_TLS_CERTIFICATE`: each part by itself first, so that the message names the file. */
function check(pair: Pair, files: CertificateFiles): void {
  const certificate = attempt(`the cert file ${files.cert} holds no certificate`, () => new X509Certificate(pair.cert));
  const key = attempt(`the key file ${files.key} holds no private key without a passphrase`, () =>
    createPrivateKey(pair.key),
  );
  if (!certificate.checkPrivateKey(key))
    throw broken(`the key ${files.key} is not that of the certificate ${files.cert}`);
  const { ca } = pair;
  if (ca !== undefined) attempt(`the ca file ${files.ca} holds no certificate`, () => new X509Certificate(ca));
  attempt(`${files.cert} and ${files.key} cannot be used together`, () => loadTls().createSecureContext(pair));
}

function attempt<T>(detail: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw broken(detail, error);
  }
}

function broken(detail: string, cause?: unknown) {
  return skeinError("SKEIN_TLS_CERTIFICATE", detail, cause === undefined ? {} : { cause });
}

function digestOf({ cert, key, ca }: Pair): string {
  return createHash("sha256")
    .update(JSON.stringify([cert, key, ca]))
    .digest("base64");
}

/** Windows has no such modes. */
async function modeOf(file: string): Promise<number | undefined> {
  if (process.platform === "win32") return undefined;
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    return (await handle.stat()).mode;
  } finally {
    await handle.close();
  }
}
