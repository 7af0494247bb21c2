/**
 * Owns the tables that Skein keeps in every database, as migrations like any other. A migration here must never change
 * once released.
 */
import { type Migration, migration } from "../migration.ts";

/** Exists before the first migration; written so that both engines take it. */
export const migrationsTable =
  "create table if not exists skein_migrations (name varchar(120) primary key, owner varchar(120) not null, checksum varchar(64) not null, applied_at varchar(24) not null)";

/** The owner of Skein's own migrations; no service can have this name. */
export const ownOwner = "skein:data";

export const ownMigrations: readonly Migration[] = [
  migration("skein-001-keys-outbox", [
    `create table skein_keys (
      principal varchar(255) not null, service varchar(63) not null, method varchar(63) not null, key varchar(255) not null,
      input_hash varchar(64) not null, reply text, created_at bigint not null,
      primary key (principal, service, method, key))`,
    "create index skein_keys_created_at on skein_keys (created_at)",
    `create table skein_outbox (
      id varchar(32) primary key, service varchar(63) not null, event varchar(63) not null, version integer not null,
      payload text not null, principal text, trace_id varchar(32) not null, created_at bigint not null, delivered_at bigint)`,
    "create index skein_outbox_pending on skein_outbox (created_at) where delivered_at is null",
  ]),
  migration("skein-002-rates", [
    `create table skein_rates (
      bucket varchar(64) primary key, seen_at bigint not null, full_at bigint not null, granted bigint not null)`,
    "create index skein_rates_full_at on skein_rates (full_at)",
  ]),
  migration("skein-003-leases", [
    // The second index is what lets a renewal pass by a transaction that holds the epoch (ADR 30).
    `create table skein_leases (
      name varchar(120) primary key, epoch bigint not null, beat bigint not null, owner varchar(64) not null,
      unique (name, epoch))`,
  ]),
];
