/** Owns asking a server how many connections it has for us. It must never keep one. */
import { systemClock } from "../../../core/index.ts";
import { skeinError } from "../../../errors/index.ts";
import { limitsOf } from "../../engine.ts";
import { createPostgresEngine } from "./engine.ts";
import { poolMin } from "./pool.ts";
import type { PostgresTarget } from "./url.ts";

const askMs = 3_000;

/** What is kept for superusers and for reserved roles is nobody's here; -1 is PostgreSQL's word for no limit of a role or a database. */
const sql = `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int as server,
  (select rolconnlimit from pg_catalog.pg_roles where rolname = current_user) as role,
  (select datconnlimit from pg_catalog.pg_database where datname = current_database()) as database`;

export async function askConnectionsMax(target: PostgresTarget): Promise<number> {
  const engine = await createPostgresEngine({ target, schema: "public", poolMax: poolMin, portable: true });
  try {
    const { rows } = await engine.read({ sql, parameters: [] }, limitsOf(systemClock, askMs));
    const limits = Object.values(rows[0] ?? {})
      .map(Number)
      .filter((limit) => limit >= 0);
    if (limits.length === 0) throw skeinError("SKEIN_DATA_QUERY", "the server did not say how many connections it has");
    return Math.min(...limits);
  } finally {
    await engine.close();
  }
}
