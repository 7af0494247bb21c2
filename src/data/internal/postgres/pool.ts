/**
 * Owns how many connections one host opens to one database: what is declared, what the environment says, what leases need
 * beside it. It must never open one.
 */
import { skeinError } from "../../../errors/index.ts";

export const poolMaxDefault = 10;
export const poolMin = 2;
export const poolMost = 100;
/** Beside the pool, where a lease is kept: a busy pool must not cost it. */
export const leaseConnections = 1;

type Environment = Readonly<Record<string, string | undefined>>;

/** `DATABASE_URL_ORDERS` for the database `orders`. */
export function variableOf(variable: string, database: string): string {
  return `${variable}_${database.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
}

/** Whether a pool may have so many. */
export function isPoolMax(value: number): boolean {
  return Number.isInteger(value) && value >= poolMin && value <= poolMost;
}

/** `DATABASE_POOL_MAX_<NAME>`, else `DATABASE_POOL_MAX`, else what is declared, else 10. Throws `SKEIN_CONFIG_INVALID`. */
export function poolMaxOf(name: string, declared: number | undefined, env: Environment): number {
  for (const variable of [variableOf("DATABASE_POOL_MAX", name), "DATABASE_POOL_MAX"]) {
    const text = env[variable];
    if (text === undefined || text === "") continue;
    const value = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
    if (!isPoolMax(value))
      throw skeinError(
        "SKEIN_CONFIG_INVALID",
        `${variable} is "${text}"; give a whole number from ${poolMin} to ${poolMost}`,
      );
    return value;
  }
  return declared ?? poolMaxDefault;
}

/** Connections that read and that write; at least one of each. */
export function shareOut(poolMax: number): { readonly readers: number; readonly writers: number } {
  const readers = Math.max(1, Math.floor(poolMax * 0.4));
  return { readers, writers: Math.max(1, poolMax - readers) };
}
