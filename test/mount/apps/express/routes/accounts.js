"use strict";
const express = require("express");
const { eq } = require("drizzle-orm");
const { db } = require("../db");
const { accounts } = require("../schema");
const { hash, matches } = require("../passwords");
const { HttpError } = require("../middleware/errors");
const { signedIn } = require("../middleware/login");

const router = express.Router();

router.post("/accounts", async (req, res) => {
  const { name, password } = req.body ?? {};
  if (typeof name !== "string" || !/^\w{2,30}$/.test(name)) throw new HttpError(400, "name: 2 to 30 letters");
  if (typeof password !== "string" || password.length < 8) throw new HttpError(400, "password: at least 8 characters");
  const known = await db.select().from(accounts).where(eq(accounts.name, name));
  if (known.length > 0) throw new HttpError(409, "that name is taken");
  const [made] = await db
    .insert(accounts)
    .values({ name, role: "reader", password: await hash(password) })
    .returning();
  res.status(201).location(`${req.baseUrl}/accounts/${made.id}`).json({ id: made.id, name });
});

router.post("/login", async (req, res) => {
  const { name = "", password = "" } = req.body ?? {};
  const [account] = await db
    .select()
    .from(accounts)
    .where(eq(accounts.name, String(name)));
  if (!account || !(await matches(String(password), account.password)))
    throw new HttpError(401, "wrong name or password");
  await new Promise((resolve, reject) => req.session.regenerate((error) => (error ? reject(error) : resolve())));
  req.session.account = { id: account.id, name: account.name, role: account.role };
  res.json(req.session.account);
});

router.post("/logout", (req, res, next) => {
  req.session.destroy((error) => (error ? next(error) : res.clearCookie("library.sid").sendStatus(204)));
});

router.get("/me", signedIn, (req, res) => res.json(req.session.account));

module.exports = router;
