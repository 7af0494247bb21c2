/** The accounts' code. */
import { accounts } from "./service.ts";

export default accounts.implement({
  async profile({ user }, { db }) {
    const row = await db.selectFrom("accounts").selectAll().where("user_name", "=", user).executeTakeFirst();
    if (row === undefined) return { user, name: user, currency: "EUR", newsletter: false };
    return { user, name: row.name, currency: row.currency, newsletter: row.newsletter };
  },

  async preferences({ user }, { db }) {
    const row = await db.selectFrom("accounts").select("currency").where("user_name", "=", user).executeTakeFirst();
    return { currency: row?.currency ?? "EUR", perPage: 20 };
  },

  async save(profile, { db }) {
    const { user, ...rest } = profile;
    return db.transaction(async (tx) => {
      await tx
        .insertInto("accounts")
        .values({ user_name: user, ...rest })
        .onConflict((conflict) => conflict.column("user_name").doUpdateSet(rest))
        .execute();
      return profile;
    });
  },
});
