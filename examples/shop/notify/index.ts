/** The notifications' code. */
import { notify } from "./service.ts";

export default notify.implement({
  async unread({ user }, { db, accounts }) {
    const [profile, messages] = await Promise.all([
      accounts.profile({ user }),
      db
        .selectFrom("messages")
        .select(["id", "text"])
        .where("user_name", "=", user)
        .orderBy("id", "desc")
        .limit(5)
        .execute(),
    ]);
    return { greeting: `Hello ${profile.name}`, messages };
  },

  async send({ user, text }, { db }) {
    return db.transaction(async (tx) => {
      return tx.insertInto("messages").values({ user_name: user, text }).returning("id").executeTakeFirstOrThrow();
    });
  },
});
