/**
 * Owns saying no where there are no database engines: what a bundler finds instead of `open.ts` unless it bundles for
 * Node. It must never pretend to be one.
 */
import { type SkeinError, skeinError } from "../../errors/index.ts";
import type { OpenContext, Opened } from "../../system/index.ts";
import type { DatabaseSpec } from "../database.ts";
import type { Migrated } from "./run-migrations.ts";

/** Rejects with `SKEIN_RUNTIME_UNSUPPORTED`. */
export function openDatabase(name: string, _spec: DatabaseSpec, { service }: OpenContext): Promise<Opened> {
  return Promise.reject(unsupported(`${service} has the database "${name}"`));
}

/** Rejects with `SKEIN_RUNTIME_UNSUPPORTED`. */
export function migrateDatabase(name: string): Promise<Migrated> {
  return Promise.reject(unsupported(`the database "${name}" cannot be migrated`));
}

/** Rejects with `SKEIN_RUNTIME_UNSUPPORTED`. */
export function openLeaseFile({ service }: OpenContext): Promise<Opened> {
  return Promise.reject(unsupported(`${service} keeps a lease`));
}

/** Rejects with `SKEIN_RUNTIME_UNSUPPORTED`. */
export function askConnectionsMax(): Promise<number> {
  return Promise.reject(unsupported("a database server is to be asked"));
}

function unsupported(what: string): SkeinError {
  return skeinError("SKEIN_RUNTIME_UNSUPPORTED", `${what}, and this runtime or bundle has no database engines`);
}
