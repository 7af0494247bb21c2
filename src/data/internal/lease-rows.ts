/**
 * Owns the rows behind leases, and the fence that a transaction stands behind. It must never read a clock: rows say what
 * changed, and whoever looks decides for how long it has not.
 */
import { assert, type Clock } from "../../core/index.ts";
import { skeinError } from "../../errors/index.ts";
import type { Fence, Leases } from "../../system/index.ts";
import { type Engine, limitsOf, ownStatement, type Session } from "../engine.ts";

/** How long one look or one renewal may take. */
const stepMs = 1_000;

export function createLeases(engine: Engine, clock: Clock): Leases {
  async function write(sql: string, parameters: readonly unknown[]) {
    const session = await engine.begin(limitsOf(clock, stepMs), { isApart: true });
    try {
      const rows = await session.run(ownStatement(engine.family, sql, parameters));
      await session.commit();
      return rows;
    } catch (error) {
      await session.rollback();
      throw error;
    }
  }
  return {
    async look(name) {
      const sql = "select epoch, beat, owner from skein_leases where name = ?";
      const { rows } = await engine.read(ownStatement(engine.family, sql, [name]), limitsOf(clock, stepMs));
      const [row] = rows;
      return row && { epoch: Number(row["epoch"]), beat: Number(row["beat"]), owner: String(row["owner"]) };
    },
    async take(name, owner, seen) {
      assert(owner !== "", "a lease has an owner");
      const sql = `insert into skein_leases (name, epoch, beat, owner) values (?, 1, 0, ?) on conflict (name)
        do update set epoch = skein_leases.epoch + 1, beat = 0, owner = excluded.owner
        where skein_leases.epoch = ? and skein_leases.beat = ? returning epoch`;
      const { rows } = await write(sql, [name, owner, seen?.epoch ?? -1, seen?.beat ?? -1]);
      return rows[0] && Number(rows[0]["epoch"]);
    },
    async renew(name, owner, epoch) {
      const sql = "update skein_leases set beat = beat + 1 where name = ? and owner = ? and epoch = ?";
      return (await write(sql, [name, owner, epoch])).affected === 1n;
    },
    async release(name, owner, epoch) {
      await write("update skein_leases set owner = '' where name = ? and owner = ? and epoch = ?", [
        name,
        owner,
        epoch,
      ]);
    },
  };
}

/**
 * To be awaited before the commit: the row is kept until then, and no commit of this epoch follows the taking of the next
 * (ADR 30). Throws
 * `SKEIN_LEASE_LOST`.
 */
export async function standBehind(fence: Fence, session: Session, { family }: Engine): Promise<void> {
  // Only a change of the epoch waits for this lock, thanks to the unique index that names it; a renewal does not.
  const lock = family === "postgres" ? " for key share" : "";
  const sql = `select 1 as held from skein_leases where name = ? and epoch = ?${lock}`;
  const { rows } = await session.run(ownStatement(family, sql, [fence.name, fence.epoch()]));
  if (rows.length === 0) throw skeinError("SKEIN_LEASE_LOST", undefined, { data: { name: fence.name } });
}
