/** The notifications' declaration. */
import { database, type Generated, migration, service } from "skein";
import { Accounts } from "../accounts/contract.ts";
import { Notify } from "./contract.ts";

export interface NotifyTables {
  messages: { id: Generated<number>; user_name: string; text: string };
}

const migrations = [
  migration("001_messages", (db) => [
    db.schema
      .createTable("messages")
      .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
      .addColumn("user_name", "varchar(100)", (c) => c.notNull())
      .addColumn("text", "varchar(500)", (c) => c.notNull()),
    db.schema.createIndex("messages_by_user").on("messages").columns(["user_name", "id"]),
  ]),
];

export const notify = service(Notify, {
  uses: { accounts: Accounts.pick("profile") },
  has: { db: database<NotifyTables>("notify", { dialect: "portable", migrations }) },
  policy: { unread: { access: "internal" }, send: { access: "internal" } },
});
