/** Owns what a gateway is told by whoever starts it. It must never read the environment: the command line does. */
import { type Clock, type Random, systemClock, systemRandom } from "../core/index.ts";
import { silentLog } from "../observe/index.ts";
import type { Log, Mode } from "../system/index.ts";
import type { TlsOptions } from "./node/tls-options.ts";
import { type Proxies, toProxies, type TrustProxy } from "./client-address.ts";

/** One request as it was answered, for a line on a terminal or in an access log. @since 0.1.0 */
export interface RequestLine {
  readonly method: string;
  /** Path without its query, which may hold what nobody should log. */
  readonly path: string;
  /** 499 when the client left before an answer. */
  readonly status: number;
  readonly durationMs: number;
  /** `orders.place`, where the request reached an endpoint. */
  readonly endpoint: string | undefined;
  /** Code of the error it was answered with. */
  readonly code: string | undefined;
  readonly traceId: string;
}

/** What a request listener needs. @since 0.1.0 */
export interface HandlerOptions {
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: Random;
  /** In `development` an answer says what a bug was; elsewhere only its code. `production` unless given. */
  readonly mode?: Mode;
  /** State directory of the system's authenticators; `.skein` in the working directory unless given, as for the host. */
  readonly home?: string;
  /** What they read their settings from; the process's environment unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called once for each request when it is over; what it throws is logged. */
  readonly onRequest?: (line: RequestLine) => void;
  /** Title of the documentation page and of the OpenAPI document; the system's name unless given. */
  readonly title?: string;
  /** Version that the OpenAPI document gives; `0.0.0` unless given. */
  readonly version?: string;
  /**
   * The proxies whose `X-Forwarded-For` is believed; nobody's unless given. Rate limits and caps by address then count the
   * client that they name. Anything but addresses, CIDR ranges or a count of proxies is refused (`SKEIN_CONFIG_INVALID`).
   */
  readonly trustProxy?: TrustProxy;
  /** `false`: answers are sent as they are, for one where a proxy in front compresses. */
  readonly compression?: boolean;
}

/** What a gateway needs. @since 0.1.0 */
export interface GatewayOptions extends HandlerOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; `127.0.0.1` unless given, so that nothing is offered to a network by accident. */
  readonly hostname?: string;
  /** A listening socket that was inherited, as its file descriptor; `port` and `hostname` are then where it listens. */
  readonly fd?: number;
  /** HTTPS; plain HTTP unless given. */
  readonly tls?: TlsOptions;
}

/** The options with their defaults. */
export interface Settings {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly isDevelopment: boolean;
  readonly onRequest: ((line: RequestLine) => void) | undefined;
  readonly title: string;
  readonly version: string;
  /** Without it a client is its peer. */
  readonly proxies: Proxies | undefined;
}

export function toSettings(options: HandlerOptions, system: string): Settings {
  return {
    log: options.log ?? silentLog,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    isDevelopment: options.mode === "development",
    onRequest: options.onRequest,
    title: options.title ?? system,
    version: options.version ?? "0.0.0",
    proxies: options.trustProxy === undefined ? undefined : toProxies(options.trustProxy),
  };
}
