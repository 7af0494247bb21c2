/** Owns the limits of authentication. It must never hold a value that depends on a system. */

/** Longest token that is looked at. */
export const tokenBytesMax = 8_192;
/** How far clocks may be apart. */
export const skewSeconds = 30;
/** Longest life of a token, from its `iat` to its `exp`. */
export const lifeSecondsMax = 3_600;
/** Characters of `sub`, of a key's id, of a session's id. */
export const subjectMax = 255;
/** How long fetched keys are used. */
export const keysMaxAgeMs = 600_000;
/** From this age on they are fetched anew in the background when a token needs them. */
export const keysRefreshMs = 300_000;
/** Shortest time between two fetches, whatever unknown key ids arrive. */
export const keysCooldownMs = 30_000;
/** Longest fetch of keys. */
export const keysFetchMs = 5_000;
/** Bytes and number of keys of one set. */
export const keysBytesMax = 262_144;
export const keysMax = 100;
/** Fewest bits of an RSA key. */
export const rsaBitsMin = 2_048;
/** Longest API key, cookie and basic credentials that are looked at. */
export const credentialMax = 1_024;
/** Most hashes that one API key's lookup may answer with. */
export const hashesMax = 10;
