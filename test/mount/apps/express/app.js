"use strict";
const express = require("express");
const session = require("express-session");
const path = require("node:path");
const { seeded } = require("./db");
const { notFound, onError } = require("./middleware/errors");
const timing = require("./middleware/timing");

const app = express();
app.disable("x-powered-by");
app.use(timing());
app.use("/assets", express.static(path.join(__dirname, "public"), { maxAge: "1h" }));
app.use(express.json({ limit: "100kb" }));
app.use(
  session({
    name: "library.sid",
    secret: process.env.LIBRARY_SECRET ?? "only in development",
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: "lax" },
  }),
);
app.use(async (req, res, next) => {
  await seeded;
  next();
});

app.get("/", (req, res) => res.json({ name: "library", docs: `${req.baseUrl}/assets/about.txt` }));
app.use(require("./routes/accounts"));
app.use("/books", require("./routes/books"));
app.use("/reports", require("./routes/reports"));
app.use(notFound);
app.use(onError);

module.exports = app;
