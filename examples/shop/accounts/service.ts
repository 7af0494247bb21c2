/** The accounts' declaration. */
import { database, migration, service } from "skein";
import { Accounts } from "./contract.ts";

export interface AccountsTables {
  accounts: { user_name: string; name: string; currency: string; newsletter: boolean };
}

const migrations = [
  migration("001_accounts", (db) => [
    db.schema
      .createTable("accounts")
      .addColumn("user_name", "varchar(100)", (c) => c.primaryKey())
      .addColumn("name", "varchar(100)", (c) => c.notNull())
      .addColumn("currency", "varchar(3)", (c) => c.notNull())
      .addColumn("newsletter", "boolean", (c) => c.notNull()),
  ]),
];

export const accounts = service(Accounts, {
  has: { db: database<AccountsTables>("accounts", { dialect: "portable", migrations }) },
  policy: { profile: { access: "internal" }, preferences: { access: "internal" }, save: { access: "internal" } },
});
