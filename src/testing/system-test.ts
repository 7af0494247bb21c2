/**
 * Owns `testSystem()`: a whole system in this process, in memory, under a virtual clock. It must never touch the disk,
 * the network or the machine's environment.
 */
import type { AnyContract, Client } from "../contract/index.ts";
import { createSeededRandom, createVirtualClock, type VirtualClock } from "../core/index.ts";
import { createHost, type Host } from "../host/index.ts";
import { createLog, createRecorder, type LogLevel, type Span } from "../observe/index.ts";
import { system as createSystem, type System } from "../system/index.ts";
import { Captured, type EmittedEvent } from "./internal/capture.ts";
import { farClient } from "./internal/far-client.ts";

export type { EmittedEvent } from "./internal/capture.ts";

/** How a system runs under test. @since 0.1.0 */
export interface TestOptions<Who = unknown> {
  /** Who calls; anonymous unless given. */
  readonly as?: Who | undefined;
  /** Every call, the test's own included, is encoded and decoded as if it crossed a process. */
  readonly far?: boolean;
  /** Seed of every random choice, 1 unless given: the same seed makes the same run. */
  readonly seed?: number;
  /** Environment that services' configuration reads; empty unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Wall time at the start, in milliseconds since the epoch; 2025-01-01 UTC unless given. */
  readonly startMs?: number;
}

/** One line that the system logged: its fields beside `time`, `level` and `message`, secrets redacted. @since 0.1.0 */
export interface LogLine {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** What a test sees beside the replies. @since 0.1.0 */
export interface Observed extends AsyncDisposable {
  /** Time stands still until it is told to advance: `await t.clock.advance("3d")`. */
  readonly clock: VirtualClock;
  /** Events that transactions have committed, oldest first: `await t.events`. */
  readonly events: Promise<readonly EmittedEvent[]>;
  /** Finished calls, oldest first. */
  readonly spans: readonly Span[];
  /** Lines logged so far, debug lines included. */
  readonly log: readonly LogLine[];
  /** The host underneath. */
  readonly host: Host;
  /** Ends calls in flight and closes everything. Safe to call twice. */
  close(): Promise<void>;
}

/** A running system under test. @since 0.1.0 */
export interface SystemTest<Who = unknown> extends Observed {
  /** A client of one of its services. Internal methods answer too; roles and guards are checked. */
  client<C extends AnyContract>(contract: C): Client<C>;
  /** The same clients as somebody else, or as nobody. */
  as(principal: Who | undefined): { client<C extends AnyContract>(contract: C): Client<C> };
}

/**
 * Runs a system in this process: databases in memory, a virtual clock, mode `test`. Replace services by
 * `shop.with({ payments: fake(Payments, {...}) })`. Mounted applications answer over HTTP only and are left out. Fails as
 * `createHost` does.
 * @since 0.1.0
 */
export async function testSystem<Who = unknown>(
  system: System,
  options: TestOptions<Who> = {},
): Promise<SystemTest<Who>> {
  const clock = createVirtualClock(options.startMs === undefined ? undefined : { startMs: options.startMs });
  const lines: LogLine[] = [];
  const captured = new Captured();
  const watched = createSystem(system.name, { services: system.services.map((entry) => captured.watch(entry)) });
  const far = options.far ?? false;
  const host = await createHost(watched, {
    mode: "test",
    inMemory: true,
    clock,
    far,
    random: createSeededRandom(options.seed ?? 1),
    recorder: createRecorder(),
    env: options.env ?? {},
    log: createLog({ clock, level: "debug", sink: (_level, line) => lines.push(JSON.parse(line) as LogLine) }),
  });
  const clientAs = <C extends AnyContract>(contract: C, principal: Who | undefined): Client<C> =>
    far ? farClient(host, contract, principal) : host.client(contract, principal === undefined ? {} : { principal });
  return {
    clock,
    host,
    get events() {
      return captured.events(clock);
    },
    get spans() {
      return host.recorder.spans();
    },
    log: lines,
    client: (contract) => clientAs(contract, options.as),
    as: (principal) => ({ client: (contract) => clientAs(contract, principal) }),
    close: () => host.close(),
    [Symbol.asyncDispose]: () => host.close(),
  };
}
