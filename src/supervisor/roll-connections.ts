/**
 * Owns the connections that a change opens at most: until the last host is replaced in a roll, hosts of both builds run side by side,
 * and one more than usual; in a move those of both placements. It must never ask a server: what each build says of itself is given.
 */
import type { ServerConnections } from "../data/index.ts";
import type { GroupStep } from "../system/index.ts";

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
  return worstOf(lacks);
}

/** What is wrong with starting these beside all that runs, on any server, if anything. */
export function lackBeside(
  before: readonly BuildConnections[],
  after: readonly LimitedConnections[],
  start: readonly GroupStep[],
): ConnectionsLack | undefined {
  const lacks = after.flatMap((of): ConnectionsLack[] => {
    const old = openOf(before.find(({ server }) => server === of.server)?.groups ?? []);
    const more = openOf(
      start.map(({ group, replicas }) => ({
        group,
        replicas,
        perHost: of.groups.find((one) => one.group === group)?.perHost ?? 0,
      })),
    );
    // What is open without the move is not the move's.
    if (more === 0 || old + more <= of.limit) return [];
    return [lackOf(of, `the new processes open up to ${more} beside the ${old} of those that run`)];
  });
  return worstOf(lacks);
}

function worstOf(lacks: readonly ConnectionsLack[]): ConnectionsLack | undefined {
  return lacks.find(({ isDoubtful }) => !isDoubtful) ?? lacks[0];
}

function openOf(groups: readonly Group[]): number {
  return groups.reduce((sum, { replicas, perHost }) => sum + replicas * perHost, 0);
}

function lackOf({ server, limit, limitFrom }: LimitedConnections, opened: string): ConnectionsLack {
  const name = server ?? "the server of DATABASE_URL, which is not set,";
  const guess = limitFrom === "default" ? " (PostgreSQL's default)" : "";
  return { message: `${name} has ${limit} connections${guess}, and ${opened}`, isDoubtful: limitFrom === "default" };
}

function lackAt(before: readonly Group[], after: LimitedConnections, order: readonly string[]): ConnectionsLack[] {
  const { limit, groups } = after;
  let open = openOf(before);
  let worst = { open: 0, more: 0, group: "" };
  for (const group of order) {
    const was = before.find((one) => one.group === group)?.perHost ?? 0;
    const { perHost: becomes = 0, replicas = 0 } = groups.find((one) => one.group === group) ?? {};
    for (let replaced = 0; replaced < replicas; replaced++, open += becomes - was)
      if (open + becomes > worst.open + worst.more) worst = { open, more: becomes, group };
  }
  if (worst.open + worst.more <= limit) return [];
  const { group, open: most, more } = worst;
  return [
    lackOf(after, `while ${group} is replaced hosts of both builds open up to ${most}, and one host more ${more}`),
  ];
}
