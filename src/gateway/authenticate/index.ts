/** Ways to prove who one is: descriptors, whose engines load when a gateway opens them. */
export { type ApiKey, apiKey, type ApiKeyOptions, type ApiKeyRecord, createApiKey, hashApiKey } from "./api-key.ts";
export { basicForDev, type BasicForDevOptions } from "./basic-for-dev.ts";
export { clientCertificate, type ClientCertificateOptions } from "./client-certificate.ts";
export { jwt, type JwtOptions } from "./jwt.ts";
export type { JwkSet, JwtKeys } from "./key-source.ts";
export { session, type SessionOptions } from "./session.ts";
export { principalOf } from "./principal-of.ts";
