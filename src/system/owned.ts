/**
 * Owns the port of what a service `has`: a database, configuration or any resource, declared as data and opened by the
 * host. It must never open anything itself: importing a declaration has no side effects.
 */
import type { Clock, Random, Secret } from "../core/index.ts";
import type { Call } from "./call.ts";
import type { LeaderSeat } from "./lease.ts";
import type { Log } from "./log.ts";

/** Where and how a host opens what its services own. */
export interface OpenContext {
  readonly system: string;
  readonly service: string;
  readonly mode: Mode;
  /** Absolute path of the state directory (`.skein`). */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** True in tests: nothing touches the disk, and engines run in this thread. */
  readonly inMemory: boolean;
  /** Where one host of its group leads: what every database of the service joins. */
  readonly leader?: LeaderSeat | undefined;
  /** What the hosts of the system sign principals with, in a host; whoever holds it can be anybody. */
  secret?(): Secret<Uint8Array>;
  /** Opens `open` once per key in this host, for what several services share; closed when the last of them closes. */
  shared<T extends { close(): Promise<void> }>(key: string, open: () => Promise<T>): Promise<T>;
}

/** `development` is stricter and more talkative; `test` is in memory; `production` never throws for style. */
export type Mode = "production" | "development" | "test";

/**
 * The one transaction of a command call, as the data layer sees it: what identifies the effect, and how its reply is
 * made ready to be stored in the same commit.
 */
export interface CommandEffect {
  /** Whose the key is: the principal's subject or a text of the same length at most, empty for an anonymous call. */
  readonly principal: string;
  readonly service: string;
  readonly method: string;
  /** The caller's key, or `undefined` when it gave none and nothing is stored. */
  readonly key: string | undefined;
  /** Hash of the canonical input: the same key with another hash is refused with `SKEIN_KEY_REUSED`. */
  readonly inputHash: string;
  /** Parses the reply as the contract's output and encodes it; called inside the transaction, before the commit. */
  prepare(reply: unknown): Promise<{ readonly reply: unknown; readonly encoded: string }>;
  /** Makes an earlier reply the result of this call; what the handler returns is ignored from then on. */
  replay(encoded: string): void;
  /** Called once when the transaction has committed. */
  committed(): void;
}

/** What the data layer needs to know about the call it works for. */
export interface CallBinding {
  readonly kind: "query" | "command" | "workflow" | "action";
  readonly call: Call;
  /** The call's span in this process's recorder. */
  readonly span: number;
  /** The endpoints that the call came through, and its own as the last. */
  path(): readonly string[];
  /** Milliseconds left until the call's deadline, never negative. */
  remainingMs(): number;
  /** Present in command calls. */
  readonly effect: CommandEffect | undefined;
  /** Runs `body` so that any call made inside it is refused with `SKEIN_CALL_IN_TRANSACTION`. */
  inTransaction<T>(body: () => Promise<T>): Promise<T>;
  /** Checks and encodes an event of this service's contract for the outbox; throws for an unknown name or wrong value. */
  encodeEvent(name: string, value: unknown): Promise<{ readonly version: number; readonly payload: string }>;
}

/** Tokens wanted from a shared rate limit. */
export interface TokenRequest {
  /** Names the bucket: at most 64 characters, and no secret or address in it. */
  readonly bucket: string;
  /** Whole number, at least 1 and at most what the bucket holds. */
  readonly take: number;
  /** Microseconds in which one token comes back, and in which an empty bucket fills. */
  readonly tokenUs: number;
  readonly bucketUs: number;
}

export interface TokenGrant {
  /** 0 to `take`. */
  readonly granted: number;
  /** Milliseconds until there is one again; 0 where some were granted. */
  readonly waitMs: number;
}

/** What is open, and how one call sees it. */
export interface Opened {
  /** The value a handler finds under the declared name, for this call. Cheap: it is made at first use of the name. */
  bind(binding: CallBinding): unknown;
  /** Databases only: replays an earlier reply of the same effect if there is one. */
  recall?(effect: CommandEffect): Promise<void>;
  /** Databases only: takes from a token bucket that everybody who has this database shares. */
  takeTokens?(request: TokenRequest): Promise<TokenGrant>;
  /** Rejects while it cannot serve. */
  ready?(): Promise<void>;
  close(): Promise<void>;
}

const brand: unique symbol = Symbol.for("skein.owned") as never;

/** Something a service owns; `Read` is what queries see, `Write` what commands see, `Free` what actions see. @since 0.1.0 */
export interface Owned<Read = unknown, Write = Read, Free = Write> {
  readonly [brand]: "database" | "config" | "resource";
  /** Name for messages and for sharing. */
  readonly name: string;
  /** Databases only, as declared: one name has one dialect in a system, and the check says so. */
  readonly dialect: string | undefined;
  open(context: OpenContext): Promise<Opened>;
  readonly "~types"?: { readonly read: Read; readonly write: Write; readonly free: Free };
}

export type OwnedKind = Owned[typeof brand];

/** Builds an owned thing; `database`, `config` and `resource` are its users. */
export function createOwned<Read, Write, Free>(
  kind: OwnedKind,
  name: string,
  open: (context: OpenContext) => Promise<Opened>,
  dialect?: string,
): Owned<Read, Write, Free> {
  return Object.freeze({ [brand]: kind, name, dialect, open });
}

export function ownedKind(owned: Owned): OwnedKind {
  return owned[brand];
}
