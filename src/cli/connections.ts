/**
 * Owns the connection budget of a placement as a command line says it: what its hosts may open, what the server has, who is
 * to change what. It must never call a limit known that is only PostgreSQL's default.
 */
import { askConnectionsMax, connectionsMaxDefault, connectionsOf, type ServerConnections } from "../data/index.ts";
import { isSkeinError, skeinError } from "../errors/index.ts";
import { type Finding, finding } from "../system/finding.ts";
import type { Mode, Placement, System } from "../system/index.ts";
import type { SaidFinding } from "../supervisor/index.ts";
import { escapeControl } from "./terminal.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a placement may open on one server, beside what that has. */
export interface ConnectionBudget extends Omit<ServerConnections, "target"> {
  readonly limit: number;
  /** Who says so; the default is a guess. */
  readonly limitFrom: "environment" | "server" | "default";
}

const variable = "DATABASE_CONNECTIONS_MAX";
const limitMost = 1_000_000;

/** With `ask` each server is asked for its limit, unless the environment says it. Rejects with `SKEIN_DATA_*` when one cannot be asked. */
export function budgetOf(
  system: System,
  placement: Placement,
  env: Environment,
  ask: boolean,
): Promise<ConnectionBudget[]> {
  const told = limitFromEnv(env);
  return Promise.all(
    connectionsOf(system, placement, env).map(async ({ target, ...counted }) => {
      if (told !== undefined) return { ...counted, limit: told, limitFrom: "environment" as const };
      if (!ask || target === undefined)
        return { ...counted, limit: connectionsMaxDefault, limitFrom: "default" as const };
      return { ...counted, limit: await askConnectionsMax(target), limitFrom: "server" as const };
    }),
  );
}

function limitFromEnv(env: Environment): number | undefined {
  const text = env[variable];
  if (text === undefined || text === "") return undefined;
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > limitMost)
    throw skeinError("SKEIN_CONFIG_INVALID", `${variable} is "${text}"; give a whole number from 1 to ${limitMost}`);
  return value;
}

/** What is wrong with it: an error where the limit is known, a warning where it is a guess or is met only by a replacement. */
export function budgetFindings(budgets: readonly ConnectionBudget[], where: string): Finding[] {
  return budgets.flatMap((budget) => {
    const { limit, limitFrom, total, spare } = budget;
    if (total + spare <= limit) return [];
    const isOver = total > limit;
    const sum = `${nameOf(budget)} has ${limit} connections${sourceOf(limitFrom)}, and this placement opens up to ${total}: ${arithmetic(budget)}`;
    const message = isOver ? sum : `${sum}; one host more, while one is replaced, takes ${spare}`;
    const level = isOver && limitFrom !== "default" ? "error" : "warning";
    return [finding(level, "SKEIN_PLACEMENT_CONNECTIONS", where, message, fixOf(budget))];
  });
}

/**
 * Throws `SKEIN_PLACEMENT_CONNECTIONS` where more may be opened than there is for certain: it would be found out under the
 * highest load. Hands to `warn` what is doubtful, and in development, where nobody's load is high, all of it.
 */
export async function assertBudget(
  system: System,
  placement: Placement,
  { env, mode, warn }: Judgement,
): Promise<void> {
  let budgets: readonly ConnectionBudget[];
  try {
    budgets = await budgetOf(system, placement, env, true);
  } catch (error) {
    if (!isSkeinError(error) || error.code === "SKEIN_CONFIG_INVALID") throw error;
    // The migrations that follow say what is wrong with the server, if it is more than this.
    warn(`a database server could not be asked for its connections: ${error.message}`);
    budgets = await budgetOf(system, placement, env, false);
  }
  judge(budgetFindings(budgets, "connections"), mode, warn);
}

/** The same of a build that `ask`s its own Skein; one that cannot be asked is warned of. */
export async function assertBudgetElsewhere(
  ask: () => Promise<{ readonly findings: readonly SaidFinding[] }>,
  { mode, warn }: Omit<Judgement, "env">,
): Promise<void> {
  let findings: readonly SaidFinding[];
  try {
    ({ findings } = await ask());
  } catch (error) {
    // Its migrations, which follow, are run by the same one.
    return warn(`its connections could not be counted: ${error instanceof Error ? error.message : String(error)}`);
  }
  judge(findings, mode, warn);
}

function judge(findings: readonly SaidFinding[], mode: Mode, warn: (message: string) => void): void {
  for (const { level, message, fix } of findings) {
    const text = fix === undefined ? message : `${message}; ${fix}`;
    if (level === "error" && mode === "production") throw skeinError("SKEIN_PLACEMENT_CONNECTIONS", text);
    warn(text);
  }
}

interface Judgement {
  readonly env: Environment;
  readonly mode: Mode;
  readonly warn: (message: string) => void;
}

/** A paragraph for people. */
export function renderBudgets(budgets: readonly ConnectionBudget[]): string {
  return budgets
    .map((budget) => {
      const { groups, total, spare, limit, limitFrom } = budget;
      const lines = groups.map(({ group, replicas, perHost, databases, total: all }) => {
        const parts = databases.map(({ name, connections }) => `${name} ${connections}`).join(", ");
        return `    ${group}: ${hosts(replicas)} x ${perHost} (${parts}) = ${all}\n`;
      });
      return `  connections to ${escapeControl(nameOf(budget))}: up to ${total} of ${limit}${sourceOf(limitFrom)}\n${lines.join("")}    while a host is replaced: up to ${spare} more\n`;
    })
    .join("");
}

function arithmetic({ groups }: ConnectionBudget): string {
  return groups
    .map(({ group, replicas, perHost, total }) => `${group} ${hosts(replicas)} x ${perHost} = ${total}`)
    .join(", ");
}

/** The greatest pool that fits when all are alike, with room for one host to be replaced. */
function fixOf({ groups, limit }: ConnectionBudget): string {
  const withSpare = (each: (group: ConnectionBudget["groups"][number]) => number): number =>
    groups.reduce((all, group) => all + group.replicas * each(group), 0) + Math.max(...groups.map(each));
  const fits = Math.floor((limit - withSpare(({ leases }) => leases)) / withSpare(({ databases }) => databases.length));
  const pool = fits < 2 ? "there is no pool that is small enough" : `DATABASE_POOL_MAX=${Math.min(fits, 100)} fits`;
  return `${pool}; or run fewer replicas, or raise max_connections of the server, and ${variable} with it`;
}

function nameOf({ server }: ConnectionBudget): string {
  return server ?? "the server of DATABASE_URL, which is not set,";
}

function sourceOf(from: ConnectionBudget["limitFrom"]): string {
  if (from === "environment") return ` (${variable})`;
  return from === "server" ? "" : " (PostgreSQL's default; it was not asked)";
}

function hosts(count: number): string {
  return `${count} ${count === 1 ? "host" : "hosts"}`;
}
