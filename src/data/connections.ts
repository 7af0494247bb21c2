/**
 * Owns the sum of the connections that a placement can open, by database server and group. It must never open one to find
 * out; asking a server for its limit is another function.
 */
import { type Placement, type System } from "../system/index.ts";
import { databaseOf } from "./database.ts";
import { leaseConnections, poolMaxOf } from "./internal/postgres/pool.ts";
import { type PostgresTarget, targetFromEnv } from "./internal/postgres/url.ts";

/** PostgreSQL's default of 100, less 3 that are kept for superusers. */
export const connectionsMaxDefault = 97;

type Environment = Readonly<Record<string, string | undefined>>;

/** What every host of a group may open on one server. */
export interface GroupConnections {
  readonly group: string;
  readonly replicas: number;
  /** Connections of one host by database, the lease's among them where the group has a leader. */
  readonly databases: readonly { readonly name: string; readonly connections: number }[];
  /** Of these, the ones that leases need beside the pools. */
  readonly leases: number;
  readonly perHost: number;
  /** Of all its replicas. */
  readonly total: number;
}

/** What a placement may open on one server. */
export interface ServerConnections {
  /** Host and port, or a socket's directory and port; `null` where a `postgres` database has no URL. */
  readonly server: string | null;
  /** For asking it. */
  readonly target: PostgresTarget | undefined;
  readonly groups: readonly GroupConnections[];
  readonly total: number;
  /** What one host more takes, the largest: while it is replaced, old and new are there side by side. */
  readonly spare: number;
}

/** Servers in the order of their names. Throws `SKEIN_CONFIG_INVALID` for a URL or a pool that cannot be. */
export function connectionsOf(system: System, placement: Placement, env: Environment): ServerConnections[] {
  const servers = new Map<string, { target: PostgresTarget | undefined; groups: GroupConnections[] }>();
  for (const [group, { services, replicas, isSingleton }] of Object.entries(placement.groups)) {
    const byServer = new Map<string, Map<string, number>>();
    for (const { name, poolMax, target } of databasesOf(system, services, env)) {
      const server = target?.server ?? "";
      const databases = byServer.get(server) ?? new Map<string, number>();
      byServer.set(server, databases);
      if (!servers.has(server)) servers.set(server, { target, groups: [] });
      // Services of one host that declare one name share its pool, which is that of whoever came first.
      const connections = poolMax + (isSingleton ? leaseConnections : 0);
      databases.set(name, Math.max(connections, databases.get(name) ?? 0));
    }
    for (const [server, databases] of byServer) {
      const list = [...databases].map(([name, connections]) => ({ name, connections }));
      const perHost = sum(list.map(({ connections }) => connections));
      const leases = isSingleton ? list.length * leaseConnections : 0;
      servers
        .get(server)
        ?.groups.push({ group, replicas, databases: list, leases, perHost, total: perHost * replicas });
    }
  }
  return [...servers]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([server, { target, groups }]) => ({
      server: server === "" ? null : server,
      target,
      groups,
      total: sum(groups.map(({ total }) => total)),
      spare: Math.max(...groups.map(({ perHost }) => perHost)),
    }));
}

/** The connections that a server has for this role and database. Rejects with `SKEIN_DATA_*` when it cannot be asked in 3 s. */
export async function askConnectionsMax(target: PostgresTarget): Promise<number> {
  return (await import("#engines")).askConnectionsMax(target);
}

function* databasesOf(system: System, services: readonly string[], env: Environment) {
  for (const { declaration } of system.services) {
    if (!services.includes(declaration.name)) continue;
    for (const owned of Object.values(declaration.has)) {
      const declared = databaseOf(owned);
      if (declared === undefined || declared.spec.dialect === "sqlite") continue;
      const { name, spec } = declared;
      const target = targetFromEnv(name, env);
      // Without a URL it is a file.
      if (target === undefined && spec.dialect === "portable") continue;
      yield { name, target, poolMax: poolMaxOf(name, spec.poolMax, env) };
    }
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
