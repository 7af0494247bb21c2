/**
 * Owns the connections that a roll opens at most: until the last host is replaced, hosts of both builds run side by side, and one
 * more than usual. It must never ask a server: what each build says of itself is given.
 */
import type { ServerConnections } from "../data/index.ts";

type Group = Pick<ServerConnections["groups"][number], "group" | "replicas" | "perHost">;

/** What the hosts of a build may open on one server. */
export interface BuildConnections extends Pick<ServerConnections, "server"> {
  readonly groups: readonly Group[];
}

/** The same, with what the server has. */
export interface LimitedConnections extends BuildConnections {
  readonly limit: number;
  /** Who says so; the default is a guess. */
  readonly limitFrom: "environment" | "server" | "default";
}

export interface ConnectionsLack {
  readonly message: string;
  /** Only a guess says how many there are. */
  readonly isDoubtful: boolean;
}

/** What is wrong with a roll of groups in this order, on any server, if anything; what is certain comes before what is doubtful. */
export function lackOfConnections(
  before: readonly BuildConnections[],
  after: readonly LimitedConnections[],
  order: readonly string[],
): ConnectionsLack | undefined {
  const lacks = after.flatMap((of) =>
    lackAt(before.find(({ server }) => server === of.server)?.groups ?? [], of, order),
  );
  return lacks.find(({ isDoubtful }) => !isDoubtful) ?? lacks[0];
}

function lackAt(before: readonly Group[], after: LimitedConnections, order: readonly string[]): ConnectionsLack[] {
  const { server, limit, limitFrom, groups } = after;
  let open = before.reduce((sum, { replicas, perHost }) => sum + replicas * perHost, 0);
  let worst = { open: 0, more: 0, group: "" };
  for (const group of order) {
    const was = before.find((one) => one.group === group)?.perHost ?? 0;
    const { perHost: becomes = 0, replicas = 0 } = groups.find((one) => one.group === group) ?? {};
    for (let replaced = 0; replaced < replicas; replaced++, open += becomes - was)
      if (open + becomes > worst.open + worst.more) worst = { open, more: becomes, group };
  }
  if (worst.open + worst.more <= limit) return [];
  const name = server ?? "the server of DATABASE_URL, which is not set,";
  const message = `${name} has ${limit} connections${limitFrom === "default" ? " (PostgreSQL's default)" : ""}, and while ${worst.group} is replaced hosts of both builds open up to ${worst.open}, and one host more ${worst.more}`;
  return [{ message, isDoubtful: limitFrom === "default" }];
}
