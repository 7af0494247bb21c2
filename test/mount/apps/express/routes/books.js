"use strict";
const express = require("express");
const { asc, eq, like } = require("drizzle-orm");
const { db } = require("../db");
const { books, loans } = require("../schema");
const { HttpError } = require("../middleware/errors");
const { only } = require("../middleware/login");

const router = express.Router();

router.param("bookId", async (req, res, next, id) => {
  const [book] = /^\d{1,9}$/.test(id)
    ? await db
        .select()
        .from(books)
        .where(eq(books.id, Number(id)))
    : [];
  if (!book) return next(new HttpError(404, `no book ${id}`));
  req.book = book;
  next();
});

router
  .route("/")
  .get(async (req, res) => {
    const limit = Math.min(100, Number(req.query.limit ?? 20) || 20);
    const found = db.select().from(books).orderBy(asc(books.id)).limit(limit);
    res.json(await (req.query.title ? found.where(like(books.title, `%${req.query.title}%`)) : found));
  })
  .post(only("librarian"), async (req, res) => {
    const [made] = await db.insert(books).values(checked(req.body)).returning();
    res.status(201).location(`${req.baseUrl}/${made.id}`).json(made);
  });

router.get("/latest", async (req, res) => {
  const all = await db.select({ id: books.id }).from(books);
  if (all.length === 0) throw new HttpError(404, "no book yet");
  res.redirect(`${req.baseUrl}/${Math.max(...all.map(({ id }) => id))}`);
});

router
  .route("/:bookId")
  .get((req, res) => res.json(req.book))
  .patch(only("librarian"), async (req, res) => {
    const [changed] = await db
      .update(books)
      .set(checked({ ...req.book, ...req.body }))
      .where(eq(books.id, req.book.id))
      .returning();
    res.json(changed);
  })
  .delete(only("librarian"), async (req, res) => {
    await db.delete(loans).where(eq(loans.bookId, req.book.id));
    await db.delete(books).where(eq(books.id, req.book.id));
    res.sendStatus(204);
  });

router.use("/:bookId/loans", require("./loans"));
router.use("/:bookId/cover", require("./covers"));

function checked({ title, author, copies = 1 } = {}) {
  if (typeof title !== "string" || title === "" || typeof author !== "string")
    throw new HttpError(400, "title and author are texts");
  if (!Number.isInteger(copies) || copies < 0) throw new HttpError(400, "copies is a whole number");
  return { title, author, copies };
}

module.exports = router;
