/**
 * Owns opening connections to an external service: whom they may reach, and how long that may take. It must never hand out a
 * socket whose other end it has not checked.
 */
import { lookup as systemLookup } from "node:dns";
import type { Agent } from "node:http";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/index.ts";
import { http, loadHttps, loadTls } from "../core/node-modules.ts";
import { skeinError, type SkeinError } from "../errors/index.ts";
import { connectTimeoutMs, handshakeTimeoutMs, idleMs } from "./limits.ts";

export interface ConnectRules {
  /** `billing`, for messages. */
  readonly service: string;
  readonly clock: Clock;
  readonly connections: number;
  /** Whether a connection to this address is allowed. */
  readonly allows: (address: string) => boolean;
  /** The resolver; the machine's own unless given. */
  readonly lookup?: LookupFunction;
}

interface Target {
  readonly host?: string | null | undefined;
  readonly port?: string | number | null | undefined;
}

type Done = (error: Error | null, socket: Duplex) => void;

/** An agent whose every connection keeps the rules. */
export function createAgent(isTls: boolean, rules: ConnectRules): Agent {
  const options = {
    keepAlive: true,
    maxSockets: rules.connections,
    maxFreeSockets: rules.connections,
    timeout: idleMs,
  };
  if (!isTls) {
    return new (class extends http.Agent {
      override createConnection(target: Target, done?: Done): Duplex | undefined {
        void open(rules, target).then(...settle(done));
        return undefined;
      }
    })(options);
  }
  return new (class extends loadHttps().Agent {
    override createConnection(target: Target, done?: Done): Duplex | undefined {
      void open(rules, target)
        .then((socket) => secure(rules, socket, target))
        .then(...settle(done));
      return undefined;
    }
  })(options);
}

function settle(done: Done | undefined): [(socket: Socket) => void, (error: Error) => void] {
  // The second argument is not read when there is an error.
  return [(socket) => done?.(null, socket), (error) => done?.(error, undefined as unknown as Duplex)];
}

/** A connection whose other end is allowed. Rejects with a `SkeinError`; nothing is connected to what is not allowed. */
function open(rules: ConnectRules, { host, port }: Target): Promise<Socket> {
  const name = bare(host ?? "");
  return new Promise((resolve, reject) => {
    if (isIP(name) !== 0 && !rules.allows(name)) return reject(notAllowed(rules));
    const socket = connect({ host: name, port: Number(port), lookup: filtered(rules), noDelay: true, keepAlive: true });
    const fail = (error: Error) => {
      timer.cancel();
      socket.destroy();
      reject(error);
    };
    const timer = rules.clock.after(connectTimeoutMs, () => fail(unreachable(rules, "did not accept in time")), {
      unref: true,
    });
    socket.once("error", (cause: Error) =>
      fail(isSkein(cause) ? cause : unreachable(rules, "cannot be reached", cause)),
    );
    socket.once("connect", () => {
      // Checked again where it counts: at the socket.
      if (!rules.allows(socket.remoteAddress ?? "")) return fail(notAllowed(rules));
      timer.cancel();
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function secure(rules: ConnectRules, socket: Socket, { host }: Target): Promise<Socket> {
  // Not the agent's `servername`, which is empty for an address: Node would then check the certificate for "localhost".
  const name = bare(host ?? "");
  return new Promise((resolve, reject) => {
    const identity = isIP(name) === 0 ? { servername: name } : { host: name };
    const secured = loadTls().connect({ socket, minVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"], ...identity });
    const fail = (error: Error) => {
      timer.cancel();
      secured.destroy();
      reject(error);
    };
    const timer = rules.clock.after(
      handshakeTimeoutMs,
      () => fail(unreachable(rules, "did not finish the TLS handshake in time")),
      { unref: true },
    );
    secured.once("error", (cause: Error) => fail(unreachable(rules, "offers no TLS that is trusted here", cause)));
    secured.once("secureConnect", () => {
      timer.cancel();
      secured.removeAllListeners("error");
      resolve(secured);
    });
  });
}

/** The resolver's answers without those that are not allowed; when none is left, nothing is connected to. */
function filtered(rules: ConnectRules): LookupFunction {
  const lookup = rules.lookup ?? (systemLookup as LookupFunction);
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const all = typeof found === "string" ? [{ address: found, family: isIP(found) }] : (found ?? []);
      if (error !== null && error !== undefined) return done(error, "", 4);
      const allowed = all.filter(({ address }) => rules.allows(address));
      const [first] = allowed;
      if (first === undefined) return done(notAllowed(rules), "", 4);
      if (options.all === true) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };
}

/** A host as a URL writes it, without the brackets of IPv6. */
export function bare(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

function isSkein(error: Error): error is SkeinError {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("SKEIN_");
}

function notAllowed({ service }: ConnectRules): SkeinError {
  // Not which address: it would tell whoever chose the name what is inside.
  return skeinError("SKEIN_EXTERNAL_ADDRESS", `the address of ${service} is not public`);
}

function unreachable({ service }: ConnectRules, what: string, cause?: unknown): SkeinError {
  return skeinError("SKEIN_EXTERNAL_UNREACHABLE", `${service} ${what}`, { cause });
}
