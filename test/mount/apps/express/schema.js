"use strict";
const { integer, sqliteTable, text } = require("drizzle-orm/sqlite-core");

exports.accounts = sqliteTable("accounts", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  name: text("name").notNull().unique(),
  role: text("role").notNull(),
  password: text("password").notNull(),
});

exports.books = sqliteTable("books", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  title: text("title").notNull(),
  author: text("author").notNull(),
  copies: integer("copies").notNull(),
  cover: text("cover"),
});

exports.loans = sqliteTable("loans", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  bookId: integer("book_id").notNull(),
  accountId: integer("account_id").notNull(),
  returnedAt: text("returned_at"),
});
