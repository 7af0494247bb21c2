/** Recommendation's code. */
import { recommend } from "./service.ts";

/** Times as many as asked for are looked up: codes without a title are known to recommendation and to nobody else. */
const spare = 4;
/** Rows of one statement: small enough that an import does not make heaps of statements that are never met again. */
const rowsPerInsert = 100;

export default recommend.implement({
  async related({ id, limit }, { db, catalog }) {
    const rows = await db
      .selectFrom("pairs")
      .selectAll()
      .where("sku", "=", id)
      .orderBy("place")
      .limit(limit * spare)
      .execute();
    const cards = new Map(
      (await catalog.cards({ skus: rows.map((row) => row.other) })).map((card) => [card.sku, card]),
    );
    const related = rows.flatMap(({ other, together }) => {
      const card = cards.get(other);
      return card === undefined ? [] : [{ ...card, together }];
    });
    return { related: related.slice(0, limit) };
  },

  async forUser({ user, limit }, { db, catalog, orders }) {
    const bought = await orders.skus({ user });
    const found =
      bought.length === 0
        ? []
        : await db
            .selectFrom("pairs")
            .select("other as sku")
            .where("sku", "in", bought)
            .where("other", "not in", bought)
            .groupBy("other")
            .orderBy((eb) => eb.fn.sum("score"), "desc")
            .limit(limit * spare)
            .execute();
    const rows =
      found.length > 0
        ? found
        : await db
            .selectFrom("popular")
            .select("sku")
            .orderBy("together", "desc")
            .limit(limit * spare)
            .execute();
    return (await catalog.cards({ skus: rows.map((row) => row.sku) })).slice(0, limit);
  },

  async codes({ id, limit }, { db }) {
    const rows = await db.selectFrom("pairs").selectAll().where("sku", "=", id).orderBy("place").limit(limit).execute();
    return rows.map(({ place, ...row }) => ({ ...row, rank: place }));
  },

  async put({ pairs }, { db }) {
    const skus = [...new Set(pairs.map((pair) => pair.sku))];
    return db.transaction(async (tx) => {
      if (skus.length === 0) return { changed: 0 };
      await tx.deleteFrom("pairs").where("sku", "in", skus).execute();
      for (let from = 0; from < pairs.length; from += rowsPerInsert) {
        const rows = pairs.slice(from, from + rowsPerInsert).map(({ rank, ...pair }) => ({ ...pair, place: rank }));
        await tx.insertInto("pairs").values(rows).execute();
      }
      const popular = skus.map((sku) => ({
        sku,
        together: pairs.reduce((sum, pair) => (pair.sku === sku ? sum + pair.together : sum), 0),
      }));
      await tx.deleteFrom("popular").where("sku", "in", skus).execute();
      await tx.insertInto("popular").values(popular).execute();
      return { changed: pairs.length };
    });
  },
});
