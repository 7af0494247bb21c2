/** The transport layer: what carries a call to another host. */
export type { FindOperation } from "./callee.ts";
export { Codec } from "./codec/codec.ts";
export { MemoryNetwork } from "./memory-transport.ts";
export type {
  Answer,
  Arrived,
  CallHead,
  Connection,
  Greeting,
  Listener,
  Operation,
  Outgoing,
  SentInput,
} from "./port.ts";
export type { SessionOptions } from "./session.ts";
export { assertSafe, connectSocket, listenSocket, type SocketAddress, toSocketAddress } from "./sockets.ts";
export { type CertificateFiles, Certificates } from "./tls/certificates.ts";
export { openHostCertificates } from "./tls/identity.ts";
export { connectHttp, reachHttp, type HttpCallOptions } from "./http/connection.ts";
export { type HttpListenOptions, listenHttp } from "./http/listener.ts";
export type { Bearers } from "./http/whose.ts";
export { operationOf } from "./operation.ts";
