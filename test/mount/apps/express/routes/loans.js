"use strict";
const express = require("express");
const { and, eq, isNull } = require("drizzle-orm");
const { db } = require("../db");
const { loans } = require("../schema");
const { HttpError } = require("../middleware/errors");
const { signedIn } = require("../middleware/login");

const router = express.Router({ mergeParams: true });
router.use(signedIn);

const open = (bookId) =>
  db
    .select()
    .from(loans)
    .where(and(eq(loans.bookId, bookId), isNull(loans.returnedAt)));

router.get("/", async (req, res) => res.json(await open(Number(req.params.bookId))));

router.post("/", async (req, res) => {
  const out = await open(req.book.id);
  if (out.length >= req.book.copies) throw new HttpError(409, "every copy is out");
  const [made] = await db.insert(loans).values({ bookId: req.book.id, accountId: req.session.account.id }).returning();
  res.status(201).json(made);
});

router.delete("/:loanId", async (req, res) => {
  const mine = and(eq(loans.id, Number(req.params.loanId)), eq(loans.accountId, req.session.account.id));
  const [ended] = await db.update(loans).set({ returnedAt: new Date().toISOString() }).where(mine).returning();
  if (!ended) throw new HttpError(404, "no such loan of yours");
  res.json(ended);
});

module.exports = router;
