/**
 * Owns the list of environment variables that Skein reads, and the reference page made of it. It must never read one: a
 * test holds the list against the sources instead.
 */
import * as limits from "../gateway/limits.ts";

interface Variable {
  readonly name: string;
  readonly fallback: string;
  readonly meaning: string;
}

export const variables: readonly Variable[] = [
  { name: "PORT", fallback: "4000", meaning: "port of the gateway; `--port` comes first; `0` picks a free one" },
  {
    name: "SKEIN_HOME",
    fallback: "`.skein` beside the system file",
    meaning: "directory of the state: databases and what else a system keeps",
  },
  {
    name: "NODE_COMPILE_CACHE",
    fallback: "`run/compiled` in the state's directory",
    meaning: "where hosts of `skein start` keep compiled code for those that start after them",
  },
  {
    name: "DATABASE_URL",
    fallback: "SQLite",
    meaning: "PostgreSQL server of every `portable` and `postgres` database; one schema per database name",
  },
  {
    name: "DATABASE_URL_<NAME>",
    fallback: "`DATABASE_URL`",
    meaning: "the same for one database, its name in upper snake case",
  },
  {
    name: "DATABASE_POOL_MAX",
    fallback: "what the declaration says, or 10",
    meaning: "PostgreSQL connections of one host for one database, reading and writing together; 2 to 100",
  },
  { name: "DATABASE_POOL_MAX_<NAME>", fallback: "`DATABASE_POOL_MAX`", meaning: "the same for one database" },
  {
    name: "DATABASE_CONNECTIONS_MAX",
    fallback: "what the server says; 97 where it is not asked",
    meaning: "connections that each database server has for this system, which a placement is checked against",
  },
  {
    name: "SKEIN_SCHEMA",
    fallback: "an error",
    meaning:
      "`may-be-ahead`: a build runs on a database that has migrations of a newer one; the supervisor sets it once a system was rolled",
  },
  {
    name: "SKEIN_TLS_CERT",
    fallback: "plain HTTP",
    meaning:
      "PEM file of the gateway's certificate with its intermediates; with `SKEIN_TLS_KEY` the gateway speaks HTTPS",
  },
  {
    name: "SKEIN_TLS_KEY",
    fallback: "plain HTTP",
    meaning: "PEM file of that certificate's key, without a passphrase",
  },
  {
    name: "SKEIN_TLS_CA",
    fallback: "no client certificates",
    meaning: "PEM file of the authorities of client certificates, which are then asked for",
  },
  {
    name: "SKEIN_TLS_CLIENTS",
    fallback: "`request`",
    meaning: "`require`: a client without a certificate of `SKEIN_TLS_CA` is refused in the handshake",
  },
  {
    name: "SKEIN_TLS_REDIRECT_PORT",
    fallback: "none",
    meaning: "port for plain HTTP that leads to HTTPS; `0` picks a free one",
  },
  { name: "SKEIN_CONFIG_<SERVICE>", fallback: "empty", meaning: "a service's `config`, as a JSON object" },
  {
    name: "<SERVICE>_<KEY>",
    fallback: "the schema's default",
    meaning: "one key of a service's `config`: `ORDERS_MAX_LINES` sets `maxLines` of `orders`",
  },
  {
    name: "<SERVICE>_URL",
    fallback: "the declaration's `url`",
    meaning: "where an external or foreign service is: `BILLING_URL` for `external(Billing, ...)`",
  },
  {
    name: "<SERVICE>_TOKEN",
    fallback: "an error where the service is foreign",
    meaning:
      "what a service in another language and the hosts show each other: `SCORES_TOKEN` for `foreign(Scores, ...)`",
  },
  {
    name: "SKEIN_TRANSPORT",
    fallback: "`unix`",
    meaning: "how hosts of `skein start` reach each other: `unix` sockets, or `tcp` on free ports of 127.0.0.1",
  },
  {
    name: "SKEIN_PEERS_LISTEN",
    fallback: "`127.0.0.1`",
    meaning:
      "with `SKEIN_TRANSPORT=tcp`: the IP address that hosts listen on for each other, alone or with the ports they choose from: `127.0.0.1:7400-7499`; twice as many as there are hosts, as they are replaced while they serve",
  },
  {
    name: "SKEIN_PEERS_ANNOUNCE",
    fallback: "the address listened on",
    meaning: "the IP address under which other hosts reach them (NAT, containers, a proxy); the port is the same",
  },
  {
    name: "SKEIN_PEERS_TLS_CERT",
    fallback: "plain TCP, on 127.0.0.0/8 and ::1 only",
    meaning:
      "PEM file of the certificate that hosts show each other, whose one URI name begins with `spiffe://<system>/host/`; with `SKEIN_PEERS_TLS_KEY` and `SKEIN_PEERS_TLS_CA`",
  },
  { name: "SKEIN_PEERS_TLS_KEY", fallback: "plain TCP", meaning: "PEM file of that certificate's key" },
  {
    name: "SKEIN_PEERS_TLS_CA",
    fallback: "plain TCP",
    meaning: "PEM file of the authority of the hosts' certificates; no other is believed",
  },
  {
    name: "SKEIN_PEERS_HTTP",
    fallback: "no such port",
    meaning:
      "port on 127.0.0.1 for calls over HTTP + JSON by services in other languages; one host at a time has it, another one when that ends; with `0` each has one of its own",
  },
  {
    name: "SKEIN_DEBUG",
    fallback: "off",
    meaning: "set to anything: an unexpected error of the command line is printed with its stack",
  },
  {
    name: "PATH",
    fallback: "the system's",
    meaning:
      "where a PostgreSQL server is looked for when a `postgres` database has no URL (development and tests only)",
  },
  { name: "NO_COLOR", fallback: "colour on a terminal", meaning: "set to anything: no colour" },
  { name: "TERM", fallback: "the terminal's", meaning: "`dumb`: no colour" },
  {
    name: "NODE_OPTIONS",
    fallback: "none",
    meaning: "Node's own; an `--inspect` in it goes to the process that runs the services",
  },
];

/** What each limit of the gateway means; its value is read from the code. */
const meanings: Readonly<Record<keyof typeof limits, string>> = {
  bodyBytesMax: "bytes of a request's body",
  jsonDepthMax: "levels of nesting of a JSON body",
  jsonKeysMax: "keys of all objects of a JSON body together",
  jsonItemsMax: "items of all arrays and objects of a JSON body together",
  bodyPiecesMax: "pieces (chunks) in which a body may come",
  headerBytesMax: "bytes of all request headers",
  headersMax: "request headers",
  targetMax: "characters of path and query",
  queryParametersMax: "query parameters",
  headersTimeoutMs: "milliseconds for the headers to arrive",
  requestTimeoutMs: "milliseconds for the whole request to arrive",
  timeoutCheckMs: "milliseconds between looks for requests that are late",
  slowBodyAfterMs: "milliseconds after which a body must have come at the least rate",
  bodyBytesPerSecondMin: "least rate of a body, in bytes per second",
  slowReadAfterMs: "milliseconds after which a waiting answer must have been read at the least rate",
  readBytesPerSecondMin: "least rate of reading an answer, in bytes per second",
  tlsHandshakeMs: "milliseconds for a TLS handshake",
  tlsSessionSeconds: "seconds in which a TLS session may be taken up again",
  tlsFileBytesMax: "bytes of a certificate, key or authorities file",
  tlsPollMs: "milliseconds between looks whether those files changed, beside watching their directories",
  tlsSettleMs: "milliseconds after a change of those files until they are read",
  compressBytesMin: "bytes below which an answer is not compressed",
  compressingMax: "answers being compressed at once; beyond it they go out as they are",
  inflateRatioMax: "times that a compressed body may grow, once it is larger than the next line",
  inflateRatioFromBytes: "bytes up to which a compressed body may grow at any ratio",
  keepAliveMs: "milliseconds an idle connection is kept",
  pipelinedMax: "requests of one connection in flight; a client that pipelines more is cut off",
  requestsPerSocketMax: "requests on one connection",
  connectionsMax: "connections",
  backlogMax: "connections that wait to be accepted; the kernel's own limit may be lower",
  connectionsPerAddressMax:
    "connections of one address (IPv6: one /64); with `trustProxy`, requests in flight of one forwarded address",
  rateBucketsMax: "buckets that one rate limit remembers; the one used longest ago goes first",
  rateBatchMax: "tokens of a shared rate limit that a gateway takes at once, where a tenth of the burst is more",
  rateAloneMs: "milliseconds a gateway counts by itself when a shared rate limit could not be asked",
  rateLogMs: "milliseconds between two log lines that say so",
  drainMs: "milliseconds a drain waits for requests in flight",
  drainIdleMs: "milliseconds of silence after which a drain closes a connection",
  lingerMs: "milliseconds a refused upload is still read, so that its sender can read the answer",
  lingerBytesMax: "bytes of a refused upload that are still read",
  readyCacheMs: "milliseconds an answer of `/health/ready` is kept",
  readyMs: "milliseconds the host has to say that it is ready",
  mountedStreamIdleMs: "milliseconds a mounted application's event stream may be silent",
  firstItemMs: "milliseconds a stream waits for its first item before it answers 200",
  keyMax: "characters of an idempotency key",
  anonymousKeyMin: "fewest characters of an anonymous caller's key",
  retryAfterSeconds: "seconds in `Retry-After`",
  channelMessageMax: "bytes of one message of a channel",
  channelFragmentsMax: "pieces in which one message of a channel may come",
  channelUntakenMax: "items of a channel that its handler has not taken; then its client is not read",
  channelQueueMax: "the same with those that had arrived already; beyond it the channel is closed",
  channelPingMs: "milliseconds a channel's client may be silent before it is asked whether it is there",
  channelPongMs: "milliseconds it has to answer",
  channelSweepMs: "milliseconds between looks at all channels",
  channelTotalMs: "milliseconds a channel may live before its client has to connect again",
  channelOpenMs: "milliseconds a channel's access and guard may take",
  channelRefusalMs: "milliseconds a channel's handler has to refuse with a status of its own",
  channelCloseMs: "milliseconds a client has to answer the closing of a channel",
  heartbeatMs: "milliseconds without an event after which server-sent events carry a comment",
  reconnectMs: "milliseconds a client of server-sent events is told to wait before it connects again",
  moveReconnectMs: "the same where its gateway makes room: a random number of milliseconds below this",
  lastWordMs: "milliseconds that streams ended by a drain, and answers to uploads, have to be sent",
  replyHeaderMax: "characters of a header that a reply sets",
  replyCookieMax: "characters of a cookie that a reply sets, name and value together",
};

/** docs/reference/configuration.md. */
export function renderConfigurationReference(): string {
  const rows = variables.map(({ name, fallback, meaning }) => `| \`${name}\` | ${fallback} | ${meaning} |`);
  const values = new Map<string, number>(Object.entries(limits));
  const limitRows = Object.entries(meanings).map(([name, meaning]) => {
    const value = values.get(name) ?? 0;
    return `| \`${name}\` | ${value.toLocaleString("en")} | ${meaning} |`;
  });
  return `# Configuration

Generated from [the code](../../src/cli/environment.ts) by \`npm run docs:reference\`. Everything has a default; a system
runs without any of it. Secrets and addresses belong into the environment, never into a declaration.

## Environment

| variable | unless set | meaning |
|---|---|---|
${rows.join("\n")}

## Limits of the gateway

| limit | value | meaning |
|---|---|---|
${limitRows.join("\n")}
`;
}
