/** A PostgreSQL server of a test's own, and databases on it. It must never reach one that somebody else has started. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { startLocalServer } from "../../src/data/internal/postgres/local-server.ts";

export interface PostgresServer {
  /** Address of a database that is empty and is nobody else's. */
  freshUrl(): Promise<string>;
  close(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const server = await startLocalServer({ home: "/nonexistent", inMemory: true, env: process.env });
  return {
    async freshUrl() {
      const url = new URL(server.target.connectionString.reveal());
      const name = `shop_${randomUUID().replaceAll("-", "")}`;
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      url.pathname = `/${name}`;
      return url.href;
    },
    close: () => server.close(),
  };
}
