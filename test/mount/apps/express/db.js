"use strict";
const { DatabaseSync } = require("node:sqlite");
const { drizzle } = require("drizzle-orm/sqlite-proxy");
const { accounts } = require("./schema");
const { hash } = require("./passwords");

const sqlite = new DatabaseSync(process.env.LIBRARY_DB ?? "library.db");
sqlite.exec("PRAGMA journal_mode = WAL");
sqlite.exec(`
  CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS books (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, author TEXT NOT NULL, copies INTEGER NOT NULL, cover TEXT);
  CREATE TABLE IF NOT EXISTS loans (id INTEGER PRIMARY KEY AUTOINCREMENT, book_id INTEGER NOT NULL REFERENCES books, account_id INTEGER NOT NULL REFERENCES accounts, returned_at TEXT);
`);

const db = drizzle(async (sql, params, method) => {
  const statement = sqlite.prepare(sql);
  if (method === "run") {
    statement.run(...params);
    return { rows: [] };
  }
  statement.setReturnArrays(true);
  return { rows: method === "get" ? statement.get(...params) : statement.all(...params) };
});

/** The first librarian, who lets the others in. */
const seeded = (async () => {
  const password = await hash(process.env.LIBRARY_ADMIN_PASSWORD ?? "change me");
  await db.insert(accounts).values({ name: "admin", role: "librarian", password }).onConflictDoNothing();
})();

module.exports = { db, sqlite, seeded };
