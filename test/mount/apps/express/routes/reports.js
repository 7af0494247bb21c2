"use strict";
const express = require("express");
const { pipeline } = require("node:stream");
const { Readable } = require("node:stream");
const { sqlite } = require("../db");
const { only } = require("../middleware/login");

const router = express.Router();

/** Row by row: the whole of it would not fit into memory one day. */
router.get("/books.csv", only("librarian"), (req, res) => {
  res.type("csv").attachment("books.csv");
  const rows = function* () {
    yield "id,title,author,copies\n";
    for (const { id, title, author, copies } of sqlite.prepare("SELECT * FROM books ORDER BY id").iterate())
      yield `${id},"${title.replaceAll('"', '""')}","${author.replaceAll('"', '""')}",${copies}\n`;
  };
  pipeline(Readable.from(rows()), res, () => undefined);
});

/** A report that takes as many lines as asked for, for the people of the data warehouse. */
router.get("/numbers", only("librarian"), (req, res) => {
  const count = Math.min(1_000_000, Number(req.query.count ?? 10));
  const lines = function* () {
    for (let n = 0; n < count; n++) yield `${n}\n`;
  };
  pipeline(Readable.from(lines()), res.type("text"), () => undefined);
});

module.exports = router;
