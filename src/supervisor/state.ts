/**
 * Owns the supervisor's state directory: what runs, what should, and the secret of this start; each file whole or not there.
 * It must never be written by two supervisors: the lock says whose it is.
 */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock, systemRandom } from "../core/index.ts";
import type { Routes } from "../host/remote/index.ts";
import { assertPrivate, makePrivate, userId } from "./private-directory.ts";
import { isRunning } from "./process-identity.ts";
import type { HostRecord, KeptBuild, KeptPlacement, MoveRecord, RollRecord, SupervisorRecord } from "./records.ts";
import { forget, kept, read, sweep, unwritable, writeWhole } from "./whole-file.ts";

/** Longest path of a unix socket, with room for a name: `sun_path` has 108 bytes on Linux and 104 elsewhere. */
const socketPathMax = 55;
const sqliteBusy = 5;

export class State {
  readonly home: string;
  readonly sockets: string;
  /** The sockets are where everybody may make directories, under a name that everybody can work out. */
  readonly #isShared: boolean;
  #lock: DatabaseSync | undefined;

  constructor(home: string) {
    this.home = home;
    const run = path.join(home, "run");
    // A deep directory would make a path that no socket can have.
    this.#isShared = run.length > socketPathMax;
    this.sockets = this.#isShared ? path.join(tmpdir(), `skein-${userId()}-${hashOf(home)}`) : run;
  }

  /**
   * Makes the directories, for nobody but their owner. Throws `SKEIN_STATE_UNSAFE` before anything is made, and like all that
   * writes `SKEIN_STATE_FAILED`.
   */
  open(): void {
    if (this.#isShared) kept(this.sockets, () => makePrivate(this.sockets));
    for (const one of [this.home, this.#of("."), this.#of("hosts"), this.#of("logs"), this.sockets]) {
      kept(one, () => {
        mkdirSync(one, { recursive: true, mode: 0o700 });
        // SQLite opens what it may not write all the same, and then locks nothing.
        accessSync(one, constants.W_OK);
      });
    }
  }

  /**
   * Whoever connects there says the token, so it is looked at anew each time whose directory that is. Throws
   * `SKEIN_STATE_UNSAFE`.
   */
  get control(): string {
    if (this.#isShared) assertPrivate(this.sockets);
    return path.join(this.sockets, "supervisor.sock");
  }

  /** Of one start: a process that ends late removes its own socket, never that of the next one. */
  newSocketOf(id: string): string {
    return path.join(this.sockets, `${id}.${Buffer.from(systemRandom.bytes(3)).toString("hex")}.sock`);
  }

  logOf(id: string): string {
    return path.join(this.#of("logs"), `${id}.log`);
  }

  get logs(): string {
    return this.#of("logs");
  }

  /** What hosts prove themselves with; made by a start that finds none of them running, and kept while any of them runs. */
  token(): string {
    const file = this.#of("token");
    return existsSync(file) ? readFileSync(file, "utf8") : this.#newToken();
  }

  #newToken(): string {
    const token = Buffer.from(systemRandom.bytes(32)).toString("base64url");
    writeWhole(this.#of("token"), token);
    return token;
  }

  /** The newest routes: for a host that starts when there is no supervisor to tell it. */
  routes(): Routes | undefined {
    const routes = read<Partial<Routes>>(this.#of("routes.json"));
    return Number.isSafeInteger(routes?.epoch) ? (routes as Routes) : undefined;
  }

  /** Keeps them under a number greater than every one before it, also of a supervisor that died. */
  publish(groups: Routes["groups"]): Routes {
    const routes = { epoch: (this.routes()?.epoch ?? this.#lastEpoch()) + 1, groups };
    writeWhole(this.#of("routes.json"), JSON.stringify(routes));
    return routes;
  }

  /**
   * Where no routes can be read. Whoever runs has heard a number that nobody knows any more, and ignores all that are not
   * greater: counting from 1 comes nowhere near the milliseconds since 1970.
   */
  #lastEpoch(): number {
    return existsSync(this.#of("routes.json")) || this.hosts().length > 0 ? systemClock.now() : 0;
  }

  /** Where the gateway listens, also after the supervisor that bound it has gone. */
  url(): string | undefined {
    return read<{ readonly url: string }>(this.#of("gateway.json"))?.url;
  }
  rememberUrl(url: string | undefined): void {
    const file = this.#of("gateway.json");
    if (url === undefined) forget(file);
    else writeWhole(file, JSON.stringify({ url }));
  }

  get supervisor(): SupervisorRecord | undefined {
    return read<SupervisorRecord>(this.#of("supervisor.json"));
  }
  set supervisor(record: SupervisorRecord | undefined) {
    const file = this.#of("supervisor.json");
    if (record === undefined) forget(file);
    else writeWhole(file, JSON.stringify(record));
  }

  /** A move of the placement that is under way. */
  get move(): MoveRecord | undefined {
    return read<MoveRecord>(this.#of("move.json"));
  }
  set move(record: MoveRecord | undefined) {
    this.#keep(this.#of("move.json"), record);
  }

  /** Where moves have led to. In a directory that is nobody else's: a placement.json above it may be the user's own. */
  get keptPlacement(): KeptPlacement | undefined {
    return read<KeptPlacement>(this.#of("placement.json"));
  }
  set keptPlacement(kept: KeptPlacement | undefined) {
    this.#keep(this.#of("placement.json"), kept);
  }

  /** A roll that is under way, or that is being taken back. */
  get roll(): RollRecord | undefined {
    return read<RollRecord>(this.#of("roll.json"));
  }
  set roll(record: RollRecord | undefined) {
    this.#keep(this.#of("roll.json"), record);
  }

  /** Where rolls have led to. */
  get keptBuild(): KeptBuild | undefined {
    return read<KeptBuild>(this.#of("build.json"));
  }
  set keptBuild(kept: KeptBuild | undefined) {
    this.#keep(this.#of("build.json"), kept);
  }

  /** A file for what two processes hand each other, with what it is to begin with; whoever asks for it says when it was `passed`. */
  passing(name: string, value?: object): string {
    const file = this.#of(`${name}.passing.json`);
    if (value !== undefined) writeWhole(file, JSON.stringify(value));
    return file;
  }
  passed(file: string): void {
    forget(file);
  }

  #keep(file: string, value: object | undefined): void {
    if (value === undefined) kept(file, () => rmSync(file, { force: true }));
    else writeWhole(file, JSON.stringify(value));
  }

  /**
   * Makes this process the one supervisor of the directory until it ends, however it ends; `false` when another one is.
   * The system drops the lock of a dead process, so there is never a stale one to judge. Where nothing runs it makes a new
   * token, before anybody reads it.
   */
  claim(): boolean {
    const file = this.#of("lock.sqlite");
    const lock = kept(file, () => new DatabaseSync(file));
    try {
      lock.exec("begin exclusive");
    } catch (error) {
      lock.close();
      if ((error as { readonly errcode?: number }).errcode === sqliteBusy) return false;
      throw unwritable(file, error);
    }
    this.#lock = lock;
    for (const directory of [this.#of("."), this.#of("hosts")]) sweep(directory);
    // Hosts outlive their supervisor and go on speaking to each other; what is started now has to be believed by them.
    if (!this.hosts().some(({ identity }) => isRunning(identity))) this.#newToken();
    // Compiled code of builds that nobody runs: kept only from the first process of a system to its last.
    if (this.hosts().length === 0) rmSync(this.#of("compiled"), { recursive: true, force: true });
    return true;
  }

  release(): void {
    this.#lock?.close();
    this.#lock = undefined;
  }

  hosts(): HostRecord[] {
    const directory = this.#of("hosts");
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => read<HostRecord>(path.join(directory, name)) ?? []);
  }

  host(id: string): HostRecord | undefined {
    return read<HostRecord>(path.join(this.#of("hosts"), `${id}.json`));
  }

  write(record: HostRecord): void {
    writeWhole(path.join(this.#of("hosts"), `${record.id}.json`), JSON.stringify(record));
  }

  /** That it is to end, for a host that nobody can tell. Where it cannot be written a signal has to do: it never throws. */
  retire(record: HostRecord): void {
    try {
      this.write({ ...record, isRetired: true });
    } catch {
      // A full disk keeps nothing from ending.
    }
  }

  /** With `pid` only when the record is of that process. Never throws: one that stays is of a process that has ended, which all see who read it. */
  remove(id: string, pid?: number): void {
    const record = this.host(id);
    if (record === undefined || (pid !== undefined && record.identity.pid !== pid)) return;
    forget(path.join(this.#of("hosts"), `${id}.json`));
    if (record.socket !== "") forget(record.socket);
  }

  #of(name: string): string {
    return path.join(this.home, "run", name);
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
